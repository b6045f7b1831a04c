"""The sub-commands by name, others' too, each imported when it is asked for."""

import io
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

import click
from click.shell_completion import shell_complete

from replay.cli import output
from replay.cli.failures import say, tell
from replay.errors import ReplayError
from replay.security.sanitization import sanitize_line


class LogOutput(logging.Handler):
    """Writes each record as one line to standard error, safe to look at."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's message, without a traceback."""
        say(record.getMessage(), record.levelname.lower())


def others_names() -> list[str]:
    """Return the names that are registered, sorted; nothing is imported for it."""
    from replay.registry import names  # noqa: PLC0415 - rarely needed

    return names("command")


def others_command(name: str) -> click.Command | None:
    """Return what is registered under a name; None: nothing is.

    A broken one fails when it is used, not before, so that it harms neither the help
    nor the completion of the others.
    """
    from replay.registry import failure, load  # noqa: PLC0415 - rarely needed

    if name not in others_names():
        return None
    try:
        found: object = load("command", name)
        if not isinstance(found, click.Command):
            raise failure(kind="command", name=name, reason="it is no command of click")
    except ReplayError as error:
        return _broken(name, error)
    return found


def _broken(name: str, error: ReplayError) -> click.Command:
    def fail(*, arguments: tuple[str, ...]) -> NoReturn:  # noqa: ARG001 - whatever they are
        raise error

    return click.Command(
        name,
        callback=fail,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
        short_help=sanitize_line(f"Cannot be used: {error}"),
    )


NAME: Final = "replay"
COMPLETION_VARIABLE: Final = "_REPLAY_COMPLETE"  # as click's own scripts call it
_COMMANDS: Final = (
    "transcript",
    "ls",
    "run",
    "copy",
    "record",
    "check",
    "serve",
    "plugins",
    "completion",
)


class _Commands(click.Group):
    """Finds our own as ``command`` in its module; no other takes one's place."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return [*_COMMANDS, *(name for name in others_names() if name not in _COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return others_command(cmd_name)
        module = import_module(f"replay.cli.commands.{cmd_name}")
        found: click.Command = module.command
        return found


@click.group(
    NAME,
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--traceback", is_flag=True, help="Show where in the program an error came from."
)
@click.version_option(package_name="chat-replay", message=f"{NAME} %(version)s")
@click.pass_context
def command(context: click.Context, *, traceback: bool) -> int:  # noqa: ARG001 - see replay.cli.app
    """Replay recorded LlamaCloud chat sessions.

    A LOCATION is a file, a directory, a URL, - for standard input, or NAME:location
    for the backend of that name.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return 2
    return 0


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; whatever fails is told."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None: it is closed
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(handlers=[LogOutput()])
    is_traceback_wanted = False
    try:
        if instruction := os.environ.get(COMPLETION_VARIABLE):
            return shell_complete(command, {}, NAME, COMPLETION_VARIABLE, instruction)
        with command.make_context(NAME, [*arguments]) as context:
            is_traceback_wanted = context.params["traceback"]
            code: object = command.invoke(context)
        output.flush()
    except Exception as error:  # noqa: BLE001 - a user is told in one line
        return tell(error, is_traceback_wanted=is_traceback_wanted)
    return code if isinstance(code, int) else 0  # others' commands return anything
