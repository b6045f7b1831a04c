"""Secrets in messages, wherever their deltas were cut.

A secret is replaced in each message that holds a part of it. Of its pieces in one
message, the first becomes the pseudonym and the others vanish; but no run of deltas
becomes empty, because without it the runs around it would become one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import Final, TypeAlias, get_args

import attrs

from replay import Boundary, FullEvent, Kind
from replay.authoring import (
    Composition,
    DecodedEvents,
    Deltas,
    Part,
    compositions_of,
    has_surrogates,
    join_surrogates,
    split_surrogates,
)
from replay_plugins.redact.finder import Finder, FoundSecret, merged, shifted


@attrs.frozen
class Piece:
    """A secret, or a part of one, and the part of the pseudonym that replaces it."""

    start: int
    end: int
    found: FoundSecret
    first: int = 0  #: the start of its part of the pseudonym
    last: int | None = None  #: its end, as in a slice; None: the pseudonym's end


Pieces: TypeAlias = dict[int, list[Piece]]  # by the index of the event


def message_texts(stretch: Iterable[tuple[int, Part]]) -> Iterator[str]:
    """Yield the joined deltas of each message in a stretch."""
    for message in compositions_of(stretch):
        yield "".join(text for _, text in message.runs)


def secret_pieces(values: Sequence[object], finder: Finder) -> Pieces:
    """Return the pieces to replace in a stretch's deltas and full events, in order.

    Args:
        values: The events as JSON values; their indexes are their places here.
        finder: Finds the secrets.
    """
    history = [*DecodedEvents(values).parts()]
    texts_by_kind = {kind: _TextsOfKind() for kind in get_args(Kind)}
    for index, part in history:
        if isinstance(part, Deltas):
            texts_by_kind[part.cls.kind].deltas.update(enumerate(part.contents, index))
        elif isinstance(part, FullEvent):
            texts_by_kind[part.kind].fulls[index] = part.content
            texts_by_kind[part.kind].end()
        elif isinstance(part, Boundary):
            for each in texts_by_kind.values():
                each.end()
    compositions = compositions_of(history)
    pieces: Pieces = {}
    for kind, each in texts_by_kind.items():
        messages = [message for message in compositions if message.kind == kind]
        pieces.update(_DeltaStream(each, messages, finder).pieces())
    return pieces


@attrs.define(eq=False)
class _TextsOfKind:
    """A history's texts of one kind, by the indexes of the events."""

    deltas: dict[int, str] = attrs.field(factory=dict)
    fulls: dict[int, str] = attrs.field(factory=dict)
    ends: list[int] = attrs.field(factory=lambda: [0])  #: deltas before each

    def end(self) -> None:
        """Note that any message ends here."""
        self.ends.append(len(self.deltas))


_Span: TypeAlias = tuple[int, int]  # in the text of all deltas
_LAST_BEFORE_PAIRS: Final = 0xFFFF


class _DeltaStream:
    """The joined deltas of one kind, and the secrets in their messages.

    If a delta cuts a character in half, lengths and places count UTF-16 units.
    """

    def __init__(
        self, kind_texts: _TextsOfKind, messages: Sequence[Composition], finder: Finder
    ) -> None:
        self._find_in = cache(finder.find)  # messages are searched alone and together
        self._kind_texts = kind_texts
        text = "".join(kind_texts.deltas.values())
        self._is_apart = has_surrogates(text)
        self._text = self._units(text)
        lengths = (len(self._units(content)) for content in kind_texts.deltas.values())
        self._starts = [*accumulate(lengths, initial=0)]
        #: start of the rest of each run, by the index of the run's first delta
        self._next = dict(zip(kind_texts.deltas, self._starts, strict=False))
        self._messages: list[list[_Span]] = []
        #: by full event: the messages it repeats, each with its offset, maybe negative
        self._matches: dict[int, list[tuple[int, int]]] = {}
        #: by message that was sent again: the full event that begins with it
        self._again: dict[int, int] = {}
        self._match(messages)
        self._own = {index: self._find_in_full(index) for index in kind_texts.fulls}
        self._found = self._find_in_messages()
        for number, index in self._again.items():
            self._found[number] = shifted(self._shown_in(index), 0, self._size(number))

    def pieces(self) -> Pieces:
        """Return the pieces to replace in each event, in order."""
        deltas = [*self._kind_texts.deltas]
        pieces: Pieces = {index: [] for index in deltas}
        for spans, found in zip(self._messages, self._found, strict=True):
            for part in _parts(spans, found):
                for number, piece in self._cut(part):
                    pieces[deltas[number]].append(piece)
        for index in self._kind_texts.fulls:
            shown = self._shown_in(index)
            pieces[index] = [Piece(each.start, each.end, each) for each in shown]
        if self._is_apart:
            for index, content in (
                self._kind_texts.deltas | self._kind_texts.fulls
            ).items():
                pieces[index] = _in_characters(content, pieces[index])
        return pieces

    def _cut(self, part: Piece) -> Iterator[tuple[int, Piece]]:
        """Yield each delta's piece of a part of a secret, with the delta's number."""
        number = bisect_right(self._starts, part.start) - 1
        first, last = part.first, part.last
        while (start := self._starts[number]) < part.end:
            end = min(self._starts[number + 1], part.end)
            if start < end:
                begin = max(part.start, start) - start
                yield number, Piece(begin, end - start, part.found, first, last)
                first = last = 0
            number += 1

    def _units(self, text: str) -> str:
        return split_surrogates(text) if self._is_apart else text

    def _match(self, messages: Iterable[Composition]) -> None:
        """Add each message, with the full event that repeats it."""
        alone: list[int] = []  # the numbers of messages that no full event settled
        for message in messages:
            if message.repeats is not None and message.full is not None:
                self._matches[message.full] = self._matches[message.repeats]
            elif message.repeats is not None:
                self._again[self._add(message)] = message.repeats
            elif message.full is None:
                alone.append(self._add(message))
            elif message.repeated_messages:
                late = alone[-message.repeated_messages :]
                sizes = map(self._size, late)
                places = zip(late, accumulate(sizes, initial=0), strict=False)
                self._matches[message.full] = [*places]
            else:
                number = self._add(message)
                at = self._beginning(number, message.full)
                self._matches[message.full] = [(number, at)] if message.matches else []

    def _add(self, message: Composition) -> int:
        """Add a message, and return its number."""
        spans = []
        for run, text in message.runs:
            start = self._next[run]
            end = self._next[run] = start + len(self._units(text))
            spans.append((start, end))
        self._messages.append(spans)
        return len(self._messages) - 1

    def _size(self, number: int) -> int:
        return sum(end - start for start, end in self._messages[number])

    def _beginning(self, number: int, full: int) -> int:
        """Return the place in a full event where its message's deltas begin."""
        text, content = self._joined(number), self._content(full)
        if content.startswith(text):
            return 0
        return _blanks(content) - _blanks(text)

    def _joined(self, number: int) -> str:
        return "".join(self._text[start:end] for start, end in self._messages[number])

    def _content(self, full: int) -> str:
        return self._units(self._kind_texts.fulls[full])

    def _find(self, units: str) -> Sequence[FoundSecret]:
        if not self._is_apart:
            return self._find_in(units)
        text = join_surrogates(units)
        widths = (2 if ord(each) > _LAST_BEFORE_PAIRS else 1 for each in text)
        at = [*accumulate(widths, initial=0)]
        return [
            attrs.evolve(each, start=at[each.start], end=at[each.end])
            for each in self._find_in(text)
        ]

    def _find_in_full(self, index: int) -> Sequence[FoundSecret]:
        """Return the secrets in a full event, unless it only repeats a message."""
        content = self._content(index)
        repeated = [self._joined(number) for number, _ in self._matches.get(index, ())]
        is_repetition = len(repeated) == 1 and repeated[0].startswith(content)
        return [] if is_repetition else self._find(content)

    def _find_in_messages(self) -> list[list[FoundSecret]]:
        """Return the secrets in each message, alone or with its neighbours."""
        found = self._found_across()
        for number in range(len(found)):
            found[number] += self._find(self._joined(number))
        for index, matches in self._matches.items():
            for number, at in matches:
                found[number] += shifted(self._own[index], -at, self._size(number))
        return [merged(each) for each in found]

    def _found_across(self) -> list[list[FoundSecret]]:
        """Return the secrets in all deltas, joined, for each of their messages."""
        across = self._find_across() if len(self._messages) > 1 else []
        starts = [each.start for each in across]
        ends = [each.end for each in across]
        found: list[list[FoundSecret]] = []
        for spans in self._messages:
            found.append([])
            at = 0
            for start, end in spans:
                near = across[bisect_right(ends, start) : bisect_left(starts, end)]
                within = shifted(near, -start, end - start)
                found[-1] += shifted(within, at, at + end - start)
                at += end - start
        return found

    def _find_across(self) -> list[FoundSecret]:
        """Return the secrets in all deltas, and in those between two ends."""
        again = sorted(
            span for number in self._again for span in self._messages[number]
        )
        found = self._find_between(0, len(self._text), again)
        ends = [*self._kind_texts.ends, len(self._kind_texts.deltas)]
        for start, end in pairwise(self._starts[count] for count in ends):
            if start < end and (start, end) != (0, len(self._text)):
                within = again[
                    bisect_left(again, (start,)) : bisect_left(again, (end,))
                ]
                found += self._find_between(start, end, within)
        return merged(found)

    def _find_between(
        self, start: int, end: int, again: Sequence[_Span]
    ) -> list[FoundSecret]:
        """Return the secrets in a part of the text, less what was sent *again*."""
        if not again:
            return shifted(self._find(self._text[start:end]), start, end)
        edges = [start, *chain.from_iterable(again), end]
        kept = zip(edges[::2], edges[1::2], strict=True)
        places = [place for span in kept for place in range(*span)]
        return [
            attrs.evolve(each, start=places[each.start], end=places[each.end - 1] + 1)
            for each in self._find("".join(self._text[place] for place in places))
        ]

    def _shown_in(self, index: int) -> list[FoundSecret]:
        """Return the secrets in a full event, and in the messages that it repeats."""
        found = [*self._own[index]]
        size = len(self._content(index))
        for number, at in self._matches.get(index, ()):
            found += shifted(self._found[number], at, size)
        return merged(found)


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip())


def _parts(spans: Sequence[_Span], found: Sequence[FoundSecret]) -> Iterator[Piece]:
    """Yield the parts of a message's secrets, one for each run that has a part."""
    begins = [*accumulate((end - start for start, end in spans), initial=0)]
    for each in found:
        first = bisect_right(begins, each.start) - 1
        last = bisect_left(begins, each.end, first)
        parts = []
        for (start, end), begin in zip(
            spans[first:last], begins[first:last], strict=True
        ):
            shift = start - begin
            span = max(each.start + shift, start), min(each.end + shift, end)
            parts.append((*span, span == (start, end)))
        yield from _named(each, parts)


def _named(
    found: FoundSecret, spans: Sequence[tuple[int, int, bool]]
) -> Iterator[Piece]:
    """Yield the parts of a secret, each with its part of the pseudonym.

    Args:
        found: The secret.
        spans: Its place in each run, and whether it is all of the run.
    """
    (start, end, _), *others = spans
    left = -min(sum(is_whole for *_, is_whole in others), len(found.rule.label) + 2)
    yield Piece(start, end, found, 0, left or None)
    for start, end, is_whole in others:
        if is_whole and left:
            yield Piece(start, end, found, left, left + 1 or None)
            left += 1
        else:
            yield Piece(start, end, found, 0, 0)


def _in_characters(content: str, pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces in UTF-16 units of a text as pieces in its characters."""
    units = split_surrogates(content)
    return [
        attrs.evolve(
            piece,
            start=len(join_surrogates(units[: piece.start])),
            end=len(join_surrogates(units[: piece.end])),
        )
        for piece in pieces
    ]
