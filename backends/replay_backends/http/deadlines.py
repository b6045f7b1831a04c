"""How long a call may take in all, its retries included."""

import time
from typing import Final

from replay.errors import DeadlineExceededError

_WEEK: Final = 7 * 24 * 3600.0  # seconds


def at_most_a_week(seconds: float) -> float:
    """Return a timeout that the system can take: infinity is more than it can.

    >>> at_most_a_week(float("inf"))
    604800.0
    """
    return min(seconds, _WEEK)


class Deadline:
    """A point in time that does not move.

    Args:
        seconds: From now.
        source: What messages call the thing that is waited for.
    """

    def __init__(self, seconds: float, source: str) -> None:
        self.seconds = seconds
        self._source = source
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left; none or less where it is over."""
        return self._end - time.monotonic()

    def left(self) -> float:
        """Return the seconds that are left; more than none.

        Raises:
            DeadlineExceededError: None are.
        """
        left = self.remaining()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineExceededError:
        """Return the error that says that the time is over."""
        reason = f"no whole answer within {self.seconds:g} seconds"
        return DeadlineExceededError(self._source, reason, "raise timeout=")
