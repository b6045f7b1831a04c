"""The command group: built-in sub-commands, those of other packages, and ``run``."""

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
from replay.cli.failures import report_error
from replay.cli.output import say
from replay.errors import ReplayError
from replay.security.sanitization import sanitize_line

NAMES: Final = ("replay", "chat-replay")  #: both names of the command
COMPLETION_VARIABLE: Final = "_REPLAY_COMPLETE"  # as click's own scripts call it
_COMMANDS: Final = (
    "transcript",
    "ls",
    "run",
    "convert",
    "copy",
    "record",
    "check",
    "serve",
    "plugins",
    "completion",
)


class LogOutput(logging.Handler):
    """A log handler that writes one sanitised line per record to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's message, without a traceback; information is a note."""
        is_note = record.levelno == logging.INFO
        say(record.getMessage(), "note" if is_note else record.levelname.lower())


def _third_party_command(name: str) -> click.Command | None:
    """Return another package's command, or None if none has that name.

    A broken command fails only when it is used, so that help and completion still
    work for the others.
    """
    from replay.registry import failure, load, names  # noqa: PLC0415 - rarely needed

    if name not in names("command"):
        return None
    try:
        found: object = load("command", name)
        if not isinstance(found, click.Command):
            raise failure(kind="command", name=name, reason="it isn't a click command")
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


class _Commands(click.Group):
    """The built-in commands, each in its own module, then other packages'."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        from replay.registry import names  # noqa: PLC0415 - rarely needed

        return [
            *_COMMANDS,
            *(each for each in names("command") if each not in _COMMANDS),
        ]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return _third_party_command(cmd_name)
        module = import_module(f"replay.cli.commands.{cmd_name}")
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from replay.registry import nearest  # noqa: PLC0415 - rarely needed

            question = nearest(args[0], self.list_commands(ctx))
            if not question:
                raise
            message = f"{error.message.rstrip('.')}: {question}"
            raise click.UsageError(message, ctx) from error


@click.group(
    NAMES[0],
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--traceback", is_flag=True, help="Print a traceback with an error.")
@click.version_option(package_name="chat-replay", message="%(prog)s %(version)s")
def command(*, traceback: bool) -> None:
    """Replay recorded chat sessions of AI agents.

    A LOCATION is a file, a directory, a URL, - for standard input, or NAME:location.
    "replay COMMAND --help" describes a command and all of its options.

    Exit codes: 0 done; 1 findings (check), a plugin failed, or sessions failed; 2
    wrong usage, unreadable input or unwritable output; 130 interrupted.
    """


def run(arguments: Sequence[str], name: str = NAMES[0]) -> int:
    """Run the command, report any error, and return the exit code.

    Args:
        arguments: Arguments after the command's name.
        name: The command's name, as the user typed it.
    """
    name = name if name in NAMES else NAMES[0]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None if it is closed
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(handlers=[LogOutput()])
    logging.getLogger("replay").setLevel(logging.INFO)
    is_traceback_wanted = False
    try:
        if instruction := os.environ.get(COMPLETION_VARIABLE):
            return shell_complete(command, {}, name, COMPLETION_VARIABLE, instruction)
        with command.make_context(name, [*arguments]) as context:
            is_traceback_wanted = context.params["traceback"]
            code: object = command.invoke(context)
        output.flush()
    except Exception as error:  # noqa: BLE001 - users get one line
        return report_error(error, is_traceback_wanted=is_traceback_wanted)
    return code if isinstance(code, int) else 0  # others' commands return anything
