"""The command ``replay``, a module for each of its sub-commands.

Exit codes: 0: done. 1: ``check`` found something odd, or a plugin failed. 2: wrong
usage, or input that cannot be read, or output that cannot be written. 130:
interrupted.
"""

import gc
import sys
from typing import Final, NoReturn

#: Objects made between two looks for rings of garbage. Events make none; at Python's
#: own 700, looking takes a quarter of the time of a large transcript.
_OBJECTS: Final = 50_000


def main() -> NoReturn:
    """Run the command that the program's arguments give, and exit with its code."""
    gc.set_threshold(_OBJECTS)
    try:
        from replay.cli.running import run  # noqa: PLC0415 - Ctrl-C may come meanwhile

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
