"""The deltas of one kind, joined, so that a secret that was cut is found.

A secret is replaced within each message that holds a part of it. Of its pieces in one
message, the first becomes the pseudonym and the others vanish; but no run of deltas
becomes empty, for without it those around it would be one.

A run is given by where it stands in the text of all deltas of its kind.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final, Literal, TypeAlias

import attrs

from replay.coalescing.texts import (
    beginning_in,
    equal_but_for_space,
    has_halves,
    is_proper_beginning,
    joined,
    tail_equal_to,
    taken_apart,
)
from replay_plugins.redact.finder import Finder, Found, merged, shifted

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


@attrs.frozen
class Piece:
    """A secret, or a part of one, and the part of the pseudonym that replaces it."""

    start: int
    end: int
    found: Found
    first: int = 0  #: where its part of the pseudonym begins
    last: int | None = None  #: where that ends, as in a slice; None: with the pseudonym


def spread(
    found: Mapping[Block, Sequence[Found]], lengths: Sequence[int]
) -> Iterator[list[Piece]]:
    """Yield, for each delta, what is secret in it.

    Args:
        found: What is secret in each block.
        lengths: How long the deltas are, in order.
    """
    parts = [part for block, each in found.items() for part in _parts(block, each)]
    parts.sort(key=lambda part: part.start)
    next_one = 0
    for start, end in pairwise(accumulate(lengths, initial=0)):
        pieces = []
        while start < end and next_one < len(parts) and parts[next_one].start < end:
            part = parts[next_one]
            pieces.append(_within(part, start, end))
            if part.end > end:
                break
            next_one += 1
        yield pieces


def _within(part: Piece, start: int, end: int) -> Piece:
    """Return what of a part is in the delta from *start* to *end*."""
    piece = attrs.evolve(
        part, start=max(part.start - start, 0), end=min(part.end, end) - start
    )
    return piece if part.start >= start else attrs.evolve(piece, first=0, last=0)


def _parts(block: Block, found: Sequence[Found]) -> Iterator[Piece]:
    """Yield the parts of secrets, one for each run that holds some of one."""
    begins = [*accumulate((end - start for start, end in block.runs), initial=0)]
    for each in found:
        first = bisect_right(begins, each.start) - 1
        last = bisect_left(begins, each.end, first)
        yield from _named(each, [*_spans(block, begins, each, range(first, last))])


def _spans(
    block: Block, begins: Sequence[int], found: Found, runs: range
) -> Iterator[tuple[int, int, bool]]:
    """Yield where a secret is in each run, and whether it is all of it."""
    for number in runs:
        start, end = block.runs[number]
        shift = start - begins[number]
        first, last = max(found.start + shift, start), min(found.end + shift, end)
        yield first, last, (first, last) == (start, end)


def _named(found: Found, spans: Sequence[tuple[int, int, bool]]) -> Iterator[Piece]:
    """Yield the parts of a secret, each with its part of the pseudonym."""
    (start, end, _), *others = spans
    left = -min(sum(is_whole for *_, is_whole in others), len(found.rule.label) + 2)
    yield Piece(start, end, found, 0, left or None)
    for start, end, is_whole in others:
        if is_whole and left:
            yield Piece(start, end, found, left, left + 1 or None)
            left += 1
        else:
            yield Piece(start, end, found, 0, 0)


def in_characters(content: str, pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces of a text that was taken apart, as pieces of the text itself."""
    units = taken_apart(content)
    return [
        attrs.evolve(
            piece,
            start=len(joined(units[: piece.start])),
            end=len(joined(units[: piece.end])),
        )
        for piece in pieces
    ]


_LAST_BEFORE_PAIRS: Final = 0xFFFF


@attrs.frozen
class Mark:
    """What happens to one kind of text at a place of the history.

    ``cut`` ends a run of deltas, ``boundary`` a message; at ``forget`` the user speaks.
    """

    what: Literal["delta", "full", "cut", "boundary", "forget"]
    place: int = -1  #: where the event stands; -1: it is of no matter
    content: str = ""


Pieces: TypeAlias = dict[int, list[Piece]]  # by the place of the event


class Stream:
    """The deltas and the full events of one kind, in a stretch of a history.

    Args:
        marks: All that happens to them, in order.
        finder: Finds the secrets.
    """

    def __init__(self, marks: Sequence[Mark], finder: Finder) -> None:
        self._finder = finder
        self._deltas = [mark for mark in marks if mark.what == "delta"]
        self._fulls = [mark for mark in marks if mark.what == "full"]
        text = "".join(mark.content for mark in self._deltas)
        self._is_apart = has_halves(text)
        self._text = self._units(text)
        self._matches: dict[int, list[Match]] = {}
        self._segments: list[tuple[int, int]] = []
        self._blocks = self._walked(marks)
        self._own = {mark.place: self._find_in_full(mark) for mark in self._fulls}
        self._found = self._find_in_blocks()

    def pieces(self) -> Pieces:
        """Return what is to be replaced in each event, in order."""
        pieces: Pieces = {}
        for mark in self._fulls:
            found = self._found_in_full(mark)
            pieces[mark.place] = [Piece(each.start, each.end, each) for each in found]
        lengths = [len(self._units(mark.content)) for mark in self._deltas]
        cut = spread(self._found, lengths)
        for mark, found_in_delta in zip(self._deltas, cut, strict=True):
            pieces[mark.place] = found_in_delta
        if self._is_apart:
            for mark in (*self._deltas, *self._fulls):
                pieces[mark.place] = in_characters(mark.content, pieces[mark.place])
        return pieces

    def _units(self, text: str) -> str:
        return taken_apart(text) if self._is_apart else text

    def _find(self, units: str) -> list[Found]:
        if not self._is_apart:
            return self._finder.find(units)
        text = joined(units)
        widths = (2 if ord(each) > _LAST_BEFORE_PAIRS else 1 for each in text)
        at = [*accumulate(widths, initial=0)]
        return [
            attrs.evolve(each, start=at[each.start], end=at[each.end])
            for each in self._finder.find(text)
        ]

    def _walked(self, marks: Sequence[Mark]) -> list[Block]:
        blocks = Blocks(self._text)
        start = at = begin = 0
        for mark in (*marks, Mark("boundary")):
            if mark.what == "delta":
                at += len(self._units(mark.content))
                continue
            blocks.run(start, at)
            start = at
            if mark.what == "full":
                self._matches[mark.place] = blocks.full(self._units(mark.content))
            elif mark.what != "cut":
                blocks.boundary()
            if mark.what != "cut" and begin < at:
                self._segments.append((begin, at))
                begin = at
            if mark.what == "forget":
                blocks.forget()
        return blocks.found

    def _find_in_full(self, mark: Mark) -> list[Found]:
        """Return what is found in a full event that is no mere repetition."""
        content = self._units(mark.content)
        repeated = [match.block.text for match in self._matches[mark.place]]
        return [] if repeated == [content] else self._find(content)

    def _find_in_blocks(self) -> dict[Block, list[Found]]:
        """Return what is found in each block, alone or with its neighbours."""
        found = self._found_across()
        for block in self._blocks:
            found[block] += self._find(block.text)
        for place, matches in self._matches.items():
            for match in matches:
                size = len(match.block.text)
                found[match.block] += shifted(self._own[place], -match.at, size)
        return {block: merged(each) for block, each in found.items()}

    def _found_across(self) -> dict[Block, list[Found]]:
        """Return what is found in all deltas, joined, for each block of them."""
        across = self._find_across() if len(self._blocks) > 1 else []
        starts = [each.start for each in across]
        ends = [each.end for each in across]
        found: dict[Block, list[Found]] = {block: [] for block in self._blocks}
        for block in self._blocks if across else ():
            at = 0
            for start, end in block.runs:
                first = bisect_right(ends, start)
                last = bisect_left(starts, end, first)
                for each in shifted(across[first:last], -start, end - start):
                    found[block] += shifted([each], at, at + end - start)
                at += end - start
        return found

    def _find_across(self) -> list[Found]:
        """Return what is found in all deltas, and in those between two boundaries."""
        found = self._find(self._text)
        for start, end in self._segments:
            if (start, end) != (0, len(self._text)):
                text = self._text[start:end]
                found += shifted(self._find(text), start, end)
        return merged(found)

    def _found_in_full(self, mark: Mark) -> list[Found]:
        found = [*self._own[mark.place]]
        size = len(self._units(mark.content))
        for match in self._matches[mark.place]:
            found += shifted(self._found[match.block], match.at, size)
        return merged(found)
