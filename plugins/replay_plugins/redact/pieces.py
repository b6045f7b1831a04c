"""What is secret in a message, cut as the deltas are that it consists of."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

import attrs

from replay.runs import joined, taken_apart
from replay_plugins.redact.blocks import Block
from replay_plugins.redact.found import Found


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
