"""Ctrl-C while a batch runs: once it stops, twice it ends at once."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import attrs

INTERRUPTED: Final = 130
_SHOW_CURSOR: Final = b"\x1b[?25h"  # where a bar has hidden it


@attrs.define
class Interruption:
    """Whether Ctrl-C was typed."""

    has_come: bool = False

    def take(self, _: int, __: FrameType | None) -> None:
        """Take note, the first time.

        Raises:
            KeyboardInterrupt: It is the first time; else this process ends here.
        """
        if self.has_come:
            _end()
        self.has_come = True
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Yield whether Ctrl-C was typed; the second time ends this process.

    It goes on doing so after the block, where the first time was within.
    """
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # a job in a shell's background
        yield interruption
        return
    signal.signal(signal.SIGINT, interruption.take)
    try:
        yield interruption
    finally:
        if not interruption.has_come:
            signal.signal(signal.SIGINT, before)


def _end() -> None:
    """End this process and those that it has begun; what was kept is whole."""
    for child in multiprocessing.active_children():
        child.kill()
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(INTERRUPTED)
