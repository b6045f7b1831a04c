"""Which runs of deltas become one message, by the rules of coalescing.

A run is given by where it stands in the text of all deltas of its kind.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import attrs

from replay.runs import (
    beginning_in,
    equal_but_for_space,
    is_proper_beginning,
    tail_equal_to,
)

Run: TypeAlias = tuple[int, int]


@attrs.frozen(eq=False)
class Block:
    """Runs of deltas that become one message."""

    runs: tuple[Run, ...]
    text: str  #: what they join to


@attrs.frozen(eq=False)
class Match:
    """A block that a full event repeats, and where."""

    block: Block
    at: int  #: where the block begins in the full event's content; may be negative


class Blocks:
    """Takes the runs and the full events of one kind, in order.

    Args:
        text: What all deltas of the kind join to.
    """

    def __init__(self, text: str) -> None:
        self.found: list[Block] = []
        self._text = text
        self._pending: list[Run] = []
        self._recent: list[Block] = []

    def run(self, start: int, end: int) -> None:
        """Take a run; nothing comes of one without text."""
        if start < end:
            self._pending.append((start, end))

    def full(self, content: str) -> list[Match]:
        """Take a full event, and return what it repeats."""
        if not content:
            return []
        if not self._pending:
            return self._late(content)
        self._recent.clear()
        return self._settled(content)

    def boundary(self) -> None:
        """Take a boundary: what is pending becomes a message, each run by itself."""
        self._recent += [self._block([run]) for run in self._pending]
        self._pending.clear()

    def forget(self) -> None:
        """Take a user input: nothing of what was before is repeated any more."""
        self._recent.clear()

    def _settled(self, content: str) -> list[Match]:
        pending = self._pending
        if count := tail_equal_to(content, self._texts(reversed(pending))):
            return self._taken(count)
        if cut := beginning_in(content, self._texts(pending)):
            count, rest = cut
            start, end = pending[count]
            middle = end - len(rest)
            block = self._block([*pending[:count], (start, middle)])
            pending[: count + 1] = [(middle, end)]
            return [Match(block, 0)]
        if equal_but_for_space(content, self._texts(pending)):
            before = "".join(self._texts(pending))
            return self._taken(len(pending), _blanks(content) - _blanks(before))
        if is_proper_beginning(self._texts(pending), content):
            return self._taken(len(pending))
        self._taken(1)
        return []

    def _taken(self, count: int, at: int = 0) -> list[Match]:
        """Take the last pending runs for one block."""
        block = self._block(self._pending[-count:])
        del self._pending[-count:]
        return [Match(block, at)]

    def _late(self, content: str) -> list[Match]:
        recent = self._recent
        count = tail_equal_to(content, (each.text for each in reversed(recent)))
        matches, at = [], 0
        for block in recent[len(recent) - count :]:
            matches.append(Match(block, at))
            at += len(block.text)
        recent.clear()
        return matches

    def _block(self, runs: Iterable[Run]) -> Block:
        runs = tuple(runs)
        block = Block(runs, "".join(self._texts(runs)))
        self.found.append(block)
        return block

    def _texts(self, runs: Iterable[Run]) -> Iterator[str]:
        return (self._text[start:end] for start, end in runs)


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())
