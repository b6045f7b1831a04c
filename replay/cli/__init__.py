"""The command ``replay``, also called ``chat-replay``."""

import signal
import sys

TYPE_CHECKING = False  # typing is slow to import, and Ctrl-C may come meanwhile
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> "NoReturn":
    """Run the command with this process's arguments, and exit with its code."""
    try:
        from pathlib import Path  # noqa: PLC0415 - Ctrl-C may come meanwhile

        from replay.cli.app import run  # noqa: PLC0415 - and here

        code = run(sys.argv[1:], Path(sys.argv[0]).stem)
    except KeyboardInterrupt:
        code = 130
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while Python shuts down
    sys.exit(code)
