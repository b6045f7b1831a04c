"""The command ``replay``, also called ``chat-replay``."""

import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command with this process's arguments, and exit with its code."""
    try:
        from replay.cli.app import run  # noqa: PLC0415 - Ctrl-C may come meanwhile

        code = run(sys.argv[1:], Path(sys.argv[0]).stem)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
