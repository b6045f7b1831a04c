"""How quickly work gets on, of late, and how long it will still take."""

from collections import deque
from typing import Final

import attrs

_WINDOW: Final = 30.0  # seconds that are looked back
_MINUTE: Final = 60
_HOUR: Final = 3600
_SLOW: Final = 10  # a second, below which tenths matter


@attrs.define
class Pace:
    """Looks at counts as they grow.

    Args:
        began: When nothing was done, in seconds of any clock.
    """

    began: float
    _seen: deque[tuple[float, int]] = attrs.field(factory=deque, init=False)

    def __attrs_post_init__(self) -> None:
        self._seen.append((self.began, 0))

    def see(self, now: float, done: int) -> None:
        """Note how much is done; what is long past is forgotten."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:  # noqa: PLR2004 - both ends
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Return how much is done in a second."""
        (began, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - began) if now > began else 0.0


def rate_of(rate: float) -> str:
    """Return a rate for people.

    >>> rate_of(1450.2), rate_of(0.25)
    ('1,450/s', '0.2/s')
    """
    return f"{rate:,.1f}/s" if rate < _SLOW else f"{rate:,.0f}/s"


def time_of(seconds: float) -> str:
    """Return a time for people.

    >>> time_of(5.4), time_of(200), time_of(7500)
    ('5 s', '3 min 20 s', '2 h 05 min')
    """
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
