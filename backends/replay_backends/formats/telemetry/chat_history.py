"""The history that each request repeats, and what is new in it."""

from collections.abc import Sequence
from typing import Final

import attrs

_BEGINNING: Final = 0


@attrs.define
class ChatHistory:
    """What was said so far, in one conversation or several beside each other.

    Each part is a number that is equal for equal parts.
    """

    _seen: set[int] = attrs.field(factory=lambda: {_BEGINNING})  # all beginnings
    _ends: set[int] = attrs.field(factory=lambda: {_BEGINNING})  # whole histories
    _latest: list[int] = attrs.field(factory=list)

    def known(self, parts: Sequence[int]) -> tuple[int, bool]:
        """Return how many parts are known, and whether they differ from what was said.

        Known are those at the beginning that began an earlier history, too. If that
        went on differently, also those up to the last parts of the latest one.
        """
        count, at = 0, _BEGINNING
        for number, part in enumerate(parts, 1):
            following = hash((at, part))
            if following not in self._seen:
                break
            count, at = number, following
        if count == len(parts) or (count and at in self._ends):
            return count, False
        after = _end_of_suffix(self._latest, parts)
        if after > count:
            return after, True
        return count, count > 0

    def add(self, parts: Sequence[int]) -> None:
        """Add a history: what was given, and what was answered."""
        at = _BEGINNING
        for part in parts:
            at = hash((at, part))
            self._seen.add(at)
        self._ends.add(at)
        self._latest = [*parts]


def _end_of_suffix(known: Sequence[int], parts: Sequence[int]) -> int:
    """Return where the longest end of *known* that is in *parts* ends there; or 0."""
    wanted = [*reversed(known[-len(parts) :])]
    given = [*reversed(parts)]
    best, found = 0, 0
    for place, length in enumerate(_matches(wanted, given)):
        if length > best:
            best, found = length, len(parts) - place
    return found


def _matches(wanted: Sequence[int], given: Sequence[int]) -> list[int]:
    """Return for each place in *given* how much of the beginning of *wanted* is there.

    Source: the Z algorithm, which is linear.
    """
    joined: list[int | None] = [*wanted, None, *given]
    lengths = [0] * len(joined)
    left = right = 0
    for at in range(1, len(joined)):
        length = min(right - at, lengths[at - left]) if at < right else 0
        while (
            at + length < len(joined)
            and joined[length] is not None
            and joined[length] == joined[at + length]
        ):
            length += 1
        lengths[at] = length
        if at + length > right:
            left, right = at, at + length
    return lengths[len(wanted) + 1 :]
