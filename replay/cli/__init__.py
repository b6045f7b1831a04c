"""The command ``replay``, a module for each of its sub-commands.

Exit codes: 0: done. 1: ``check`` found something odd, or a plugin failed, or sessions
of a batch did. 2: wrong usage, or input that cannot be read, or output that cannot be
written. 130: interrupted.
"""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command that the program's arguments give, and exit with its code."""
    try:
        from replay.cli.app import run  # noqa: PLC0415 - Ctrl-C may come meanwhile

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
