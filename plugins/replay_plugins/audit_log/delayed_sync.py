"""Waiting for the disk at most so many milliseconds after a record was written."""

import threading
from collections.abc import Callable
from typing import Final

_LONGEST_WAIT: Final = 1000 * int(threading.TIMEOUT_MAX)  # milliseconds


class DelayedSync:
    """Has the disk waited for by a thread of its own."""

    timer: threading.Timer | None = None  #: what waits now

    def within(self, milliseconds: int, sync: Callable[[], None]) -> bool:
        """Let *sync* be called in time, once; return whether it will be."""
        if self.timer is None:
            seconds = min(milliseconds, _LONGEST_WAIT) / 1000
            timer = threading.Timer(seconds, sync)
            timer.daemon = True
            try:
                timer.start()
            except RuntimeError:  # the system has no more threads
                return False
            self.timer = timer
        return True

    def is_over(self) -> None:
        """Take note that the time has come."""
        self.timer = None

    def cancel(self) -> None:
        """Wait no more."""
        if self.timer is not None:
            self.timer.cancel()
