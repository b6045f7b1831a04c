"""``replay completion``: the script that lets a shell complete the command."""

from typing import Literal

import click
from click.shell_completion import get_completion_class

from replay.cli import output
from replay.cli.app import COMPLETION_VARIABLE, NAME
from replay.cli.app import command as replay_command


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print the script for a shell's completion.

    For bash, put this into ~/.bashrc: eval "$(replay completion bash)"
    """
    completion = get_completion_class(shell)
    script = completion(replay_command, {}, NAME, COMPLETION_VARIABLE).source()
    output.write(script)
