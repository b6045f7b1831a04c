"""The deltas of one kind, joined, so that a secret that was cut is found.

A secret is replaced within each message that holds a part of it. Of its pieces in one
message, the first becomes the pseudonym and the others vanish; but no run of deltas
becomes empty, for without it those around it would be one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Literal, TypeAlias

import attrs

from replay.runs import has_halves, joined, taken_apart
from replay_plugins.redact.blocks import Block, Blocks, Match
from replay_plugins.redact.finding import Finder, merged, shifted
from replay_plugins.redact.found import Found
from replay_plugins.redact.pieces import Piece, in_characters, spread

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
