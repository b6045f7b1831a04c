"""The command's entry point; from its first line on, Ctrl-C shows no traceback.

It is imported only as the command, since it changes how this process ends.
"""

import os
import sys

TYPE_CHECKING = False  # typing is slow to import, and Ctrl-C may come meanwhile
if TYPE_CHECKING:
    from types import TracebackType

_INTERRUPTED = 130  # an exit code


def _report(
    kind: type[BaseException], error: BaseException, traceback: "TracebackType | None"
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        os._exit(_INTERRUPTED)
    sys.__excepthook__(kind, error, traceback)


def _report_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    """End at once if Python is about to ignore Ctrl-C, as in a destructor."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        os._exit(_INTERRUPTED)
    sys.__unraisablehook__(ignored)


sys.excepthook, sys.unraisablehook = _report, _report_ignored

from replay.cli import main  # noqa: E402 - not before that

if __name__ == "__main__":
    main()
