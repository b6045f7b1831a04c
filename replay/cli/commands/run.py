"""``replay run``, which replays sessions into plugins."""

from functools import partial
from itertools import chain
from typing import Any, Literal

import click

import replay
from replay.cli.arguments import (
    Choice,
    locations_argument,
    named_plugin,
    plugin_option,
)
from replay.cli.batch_options import BatchOptions, batch_options
from replay.cli.failures import is_closed_pipe
from replay.cli.input import Location
from replay.cli.output import FOUND_PROBLEMS, say
from replay.cli.progress_bar import progress
from replay.cli.rewriters import (
    errors_without_secrets,
    rewriting_plugins_of,
    without_secrets_in,
)


@click.command("run")
@locations_argument
@plugin_option("Plugin to replay into", required=True)
@click.option("--strict", is_flag=True, help="Stop at the first diagnostic.")
@click.option(
    "--on-plugin-error",
    type=Choice(["raise", "isolate"]),
    default="raise",
    show_default=True,
    help="If a hook fails: stop, or go on and report it at the end.",
)
@batch_options
def command(
    *,
    location: Location,
    plugins: tuple[str, ...],
    strict: bool,
    on_plugin_error: Literal["raise", "isolate"],
    **batch: Any,  # noqa: ANN401 - checked by click
) -> int:
    """Replay sessions into plugins.

    Replays every session of LOCATION. Plugins are called in the order given;
    "replay plugins" lists the installed ones.

    The options from --jobs on make it a batch: sessions are replayed in any order,
    each worker makes its own plugins, and their results are merged.
    """
    options = BatchOptions(**batch)
    if location.fail_fast and options.keep_going:
        message = "--fail-fast and --keep-going exclude each other"
        raise click.UsageError(message)
    if options != BatchOptions():
        from replay.cli.batch_run import BatchRun  # noqa: PLC0415 - for batches only

        return BatchRun(location, plugins, strict, on_plugin_error, options).run()
    named = [named_plugin(each, "'--plugin'") for each in plugins]
    called = [replay.load_plugin(name, **given) for name, given in named]
    engine = replay.ReplayEngine(called, strict=strict, on_plugin_error=on_plugin_error)
    rewriting = rewriting_plugins_of(named)
    location.redact = partial(without_secrets_in, plugins=rewriting)
    try:
        with (
            errors_without_secrets(rewriting),
            progress("Replaying", location.sessions()) as sessions,
        ):
            first = next(sessions)  # before any plugin is called
            with engine:
                for session in chain([first], sessions):
                    engine.replay(session)
    finally:  # a session that cannot be read must not hide what failed before it
        failed = [e for e in engine.report.plugin_errors if not is_closed_pipe(e)]
        for error in failed:
            say(str(without_secrets_in(error, rewriting)))
    return FOUND_PROBLEMS if failed else location.code
