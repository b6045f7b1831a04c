"""``replay completion``, which prints a shell's completion script."""

from typing import Final, Literal

import click
from click.shell_completion import get_completion_class

from replay.cli import output
from replay.cli.app import COMPLETION_VARIABLE, NAMES
from replay.cli.app import command as replay_command
from replay.cli.arguments import Choice

_ADD: Final = "COMPREPLY+=($value)"  # in click's script for bash
#: A path follows a name with a colon, not a space.
_ADD_NAME: Final = f"{_ADD}; [[ $value == *: ]] && compopt -o nospace"


@click.command("completion")
@click.argument("shell", type=Choice(["bash", "zsh", "fish"]))
def command(*, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print a shell's completion script, for replay and chat-replay.

    For bash, add this line to ~/.bashrc: eval "$(replay completion bash)"
    """
    completion = get_completion_class(shell)
    for name in NAMES:
        script = completion(replay_command, {}, name, COMPLETION_VARIABLE).source()
        output.write(script.replace(_ADD, _ADD_NAME))
