"""Child processes of the test process."""

import os
import warnings
from collections.abc import Callable


def fork() -> int:
    """Fork, and return the child's process id; 0 in the child."""
    with warnings.catch_warnings():  # of threads that other tests have left: not ours
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def forked(function: Callable[[], object]) -> int:
    """Run a function in a child, and return the child's process id."""
    child = fork()
    if not child:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    return child


def exit_code_of(child: int) -> int:
    """Return a child's exit code: 0 if its function returned, 1 if it raised."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
