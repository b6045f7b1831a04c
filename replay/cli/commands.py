"""The sub-commands by name, others' too, each imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

import click

NAME: Final = "replay"
COMPLETION_VARIABLE: Final = "_REPLAY_COMPLETE"  # as click's own scripts call it
_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transcript": "transcript_command",
        "ls": "list_command",
        "run": "run_command",
        "copy": "copy_command",
        "record": "record_command",
        "check": "check_command",
        "serve": "serve_command",
        "plugins": "plugins_command",
        "completion": "completion_command",
    }
)


class _Commands(click.Group):
    """Finds our own as ``command`` in its module; no other takes one's place."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        from replay.cli.others_commands import others_names  # noqa: PLC0415 - for help

        return [*_MODULES, *(name for name in others_names() if name not in _MODULES)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _MODULES:
            from replay.cli.others_commands import others_command  # noqa: PLC0415 - rare

            return others_command(cmd_name)
        module = import_module(f"replay.cli.{_MODULES[cmd_name]}")
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
def command(context: click.Context, *, traceback: bool) -> int:  # noqa: ARG001 - see replay.cli.running
    """Replay recorded LlamaCloud chat sessions.

    A LOCATION is a file, a directory, a URL, - for standard input, or NAME:location
    for the backend of that name.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return 2
    return 0
