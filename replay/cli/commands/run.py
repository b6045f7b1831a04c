"""``replay run``: sessions through plugins."""

from itertools import chain
from typing import Any, Literal

import click

import replay
from replay.cli.arguments import location_argument, plugin_of, sessions_of
from replay.cli.batch_options import BatchOptions, batch_options
from replay.cli.failures import FOUND_PROBLEMS, is_closed_pipe, say
from replay.cli.progress_bar import progress
from replay.cli.redaction import Redaction, telling_no_secrets


@click.command("run")
@location_argument
@click.option(
    "--plugin",
    "plugins",
    metavar="NAME[:KEY=VALUE,...]",
    required=True,
    multiple=True,
    help="A plugin's name, or the path of a .py file; may be given several times.",
)
@click.option("--strict", is_flag=True, help="Stop at whatever is odd in a session.")
@click.option(
    "--on-plugin-error",
    type=click.Choice(["raise", "isolate"]),
    default="raise",
    show_default=True,
    help="raise stops at a hook that fails; isolate goes on, and tells at the end.",
)
@batch_options
def command(
    *,
    location: str,
    plugins: tuple[str, ...],
    strict: bool,
    on_plugin_error: Literal["raise", "isolate"],
    **batch: Any,  # noqa: ANN401 - checked by click
) -> int:
    """Replay sessions into plugins.

    All sessions of LOCATION are replayed, and the plugins are called in the order in
    which they are given. "replay plugins" lists those that are installed.

    The options from --jobs on make it a batch: sessions are replayed in any order, by
    plugins that are made anew where they work, and what they came to is merged.
    """
    options = BatchOptions(**batch)
    if options != BatchOptions():
        from replay.cli.batch_run import BatchRun  # noqa: PLC0415 - for batches only

        return BatchRun(location, plugins, strict, on_plugin_error, options).run()
    return _run(location, plugins, strict, on_plugin_error)


def _run(
    location: str,
    plugins: tuple[str, ...],
    strict: bool,  # noqa: FBT001 - the command's own
    on_plugin_error: Literal["raise", "isolate"],
) -> int:
    called = [plugin_of(each, "'--plugin'") for each in plugins]
    engine = replay.ReplayEngine(called, strict=strict, on_plugin_error=on_plugin_error)
    rewriting = [Redaction(each) for each in called if hasattr(each, "replay_rewrite")]
    with (
        telling_no_secrets(rewriting),
        progress("Replaying", sessions_of(location)) as sessions,
    ):
        first = next(sessions)  # before any plugin is called
        with engine:
            for session in chain([first], sessions):
                engine.replay(session)
    failed = [e for e in engine.report.plugin_errors if not is_closed_pipe(e)]
    for error in failed:
        say(str(error))
    return FOUND_PROBLEMS if failed else 0
