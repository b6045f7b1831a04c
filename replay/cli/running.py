"""One run of the command, from its arguments to its exit code."""

import io
import logging
import os
import sys
from collections.abc import Sequence

from click.shell_completion import shell_complete

from replay.cli import standard_output
from replay.cli.commands import COMPLETION_VARIABLE, NAME, command
from replay.cli.failures import tell
from replay.cli.log_output import LogOutput


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
        standard_output.flush()
    except Exception as error:  # noqa: BLE001 - a user is told in one line
        return tell(error, is_traceback_wanted=is_traceback_wanted)
    return code if isinstance(code, int) else 0  # others' commands return anything
