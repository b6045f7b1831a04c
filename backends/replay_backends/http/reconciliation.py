"""The rest of an interrupted turn, found in the session's history; without I/O.

The history may hold full events, deltas or both, and cut its deltas in other places, so
events aren't compared one by one. Tool calls, tool results and stops have the same
order everywhere: everything before the last one received was received, too. After it,
text is counted, separately for each kind.

Text is counted in UTF-16 units that aren't white space ("solid"): the service may trim
white space, and a delta may cut a character in half. The core's coalescer would have to
keep the text of a turn; a test holds the counting here to its rules. Only deltas that
were sent again can't be told from others without their text: they count twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final, TypeAlias, get_args

import attrs

from replay import (
    Boundary,
    Delta,
    Event,
    FullEvent,
    Kind,
    Stop,
    TextDelta,
    ThinkingDelta,
    UnknownEvent,
    UserInput,
)
from replay.authoring import join_surrogates, split_surrogates


@attrs.define
class CountedText:
    """The amount of text of one kind received since the last boundary."""

    units: int = 0  #: solid ones: of deltas, and of full events beyond their deltas
    blanks: int = 0  #: units of white space after the last solid one
    unsettled: int = 0  #: solid units of deltas that no full event has settled
    fulls: int = 0
    has_deltas: bool = False  #: whether there are any after the last full event
    settled_by: bytes = b""  #: the digest of the full event that settled the latest

    def is_repeated_by(self, event: Delta | FullEvent) -> bool:
        """Tell whether a full event only repeats the one before it, and its deltas."""
        return (
            isinstance(event, FullEvent)
            and not (self.unsettled or self.has_deltas)
            and self.settled_by == _digest(split_surrogates(event.content))
        )

    def take(self, event: Delta | FullEvent) -> str | None:
        """Count an event, and return what it adds to the text, in units.

        None: it is a repetition, and isn't counted.
        """
        if self.is_repeated_by(event):
            return None
        added = split_surrogates(event.content)
        if isinstance(event, Delta):
            self.unsettled += len(_solid(added))
            self.has_deltas = self.has_deltas or bool(added)
        else:
            self.fulls += 1
            is_settling = bool(self.unsettled or self.has_deltas)
            if added or not is_settling:
                self.settled_by = _digest(added) if is_settling else b""
                self.has_deltas = False
            pending = CountedText(self.unsettled, self.blanks if self.unsettled else 0)
            added = added[pending.count_off(added) :]
            self.unsettled = pending.units
        self.units += len(_solid(added))
        blanks = len(added) - len(added.rstrip())
        self.blanks = blanks + (self.blanks if blanks == len(added) else 0)
        return added

    def count_off(self, units: str) -> int:
        """Count off the received part of a text, and return where the rest begins."""
        for place, unit in enumerate(units):
            is_blank = unit.isspace()
            if self.units:
                self.units -= not is_blank
            elif is_blank and self.blanks:
                self.blanks -= 1
            else:
                self.blanks = 0
                return place
        return len(units)

    def uncounted(self, event: Delta | FullEvent) -> Iterator[Delta | FullEvent]:
        """Yield the missing part of an event, and count off the received part."""
        if isinstance(event, Delta):
            units = split_surrogates(event.content)
            place = self.count_off(units)
            if not place:
                yield event
            elif place < len(units):
                yield type(event)(join_surrogates(units[place:]))
        elif self.fulls:
            self.fulls -= 1
        else:
            yield event


def _nothing() -> dict[Kind, CountedText]:
    return {kind: CountedText() for kind in get_args(Kind)}


#: A turn's text has three views: its deltas alone, its full events alone, and
#: everything said, to which a full event adds only what its deltas lacked.
_VIEWS: Final = ("said", "deltas", "fulls")
_View: TypeAlias = tuple[Kind, str]
#: The events that say that an equal full event is a message of its own.
_DELTAS: Final[Mapping[Kind, type[Delta]]] = {
    "text": TextDelta,
    "thinking": ThinkingDelta,
}


def text_views(events: Iterable[Event]) -> dict[_View, str]:
    """Return each view of a turn's text, without white space."""
    pieces: dict[_View, list[str]] = defaultdict(list)
    counted = _nothing()
    for event in events:
        if isinstance(event, Boundary):
            counted = _nothing()
        for view, text in _added(event, counted):
            pieces[view].append(text)
    return {view: "".join(each) for view, each in pieces.items()}


def _added(
    event: Event, counted: Mapping[Kind, CountedText]
) -> Iterator[tuple[_View, str]]:
    """Count an event, and yield what it adds to each view, without white space."""
    if isinstance(event, Delta | FullEvent):
        kind = event.kind
        added = counted[kind].take(event)
        if added is None:
            return
        yield (kind, "said"), _solid(added)
        name = "deltas" if isinstance(event, Delta) else "fulls"
        yield (kind, name), _solid(split_surrogates(event.content))


def _solid(text: str) -> str:
    return "".join(text.split())


class _PrefixDigest:
    """A text's length and digest, to tell whether another text begins with it."""

    def __init__(self) -> None:
        self.length = 0
        self._digest = blake2b(digest_size=16)

    def add(self, text: str) -> None:
        self.length += len(text)
        self._digest.update(_bytes(text))

    def is_prefix_of(self, text: str) -> bool:
        start = blake2b(_bytes(text[: self.length]), digest_size=16)
        return len(text) >= self.length and start.digest() == self._digest.digest()


class ReceivedTurn:
    """The received part of a turn, in a size that doesn't grow with its events."""

    def __init__(self) -> None:
        self._boundaries = 0
        self._order = blake2b(digest_size=16)
        self._texts: dict[_View, _PrefixDigest] = defaultdict(_PrefixDigest)
        self._begin()

    def take(self, event: Event) -> None:
        """Count a received event."""
        if isinstance(event, Boundary):
            if isinstance(event, UserInput):
                return
            self._boundaries += 1
            self._order.update(_identity(event))
            self._begin()
        elif isinstance(event, UnknownEvent):
            self._unknown += 1
        for view, text in _added(event, self._counted):
            self._texts[view].add(text)

    def missing(
        self,
        history: Sequence[Event],
        prompt: str,
        known: int,
        *,
        has_gaps: bool = False,
    ) -> list[Event] | None:
        """Return the events of the turn that were not received.

        The turn is the latest with that prompt that fits the received events.

        Args:
            history: All of the session's events.
            prompt: The turn's prompt.
            known: Minimum number of events that are older than the turn.
            has_gaps: Whether some received events were lost; then the text isn't
                compared with the history's.

        Returns:
            The events; None if there is no such turn.
        """
        inputs = [i for i, event in enumerate(history) if isinstance(event, UserInput)]
        for start, end in reversed([*pairwise([*inputs, len(history)])]):
            opening = history[start]
            if start < known or not isinstance(opening, UserInput):
                continue
            turn = history[start + 1 : end]
            is_it = opening.content.strip() == prompt.strip() and self._fits(turn)
            if is_it and (has_gaps or self._says_the_same(turn)):
                return [*self._rest(turn)]
        return None

    def _begin(self) -> None:
        """Restart the counts: after a boundary, everything before it is settled."""
        self._counted = _nothing()
        self._unknown = 0

    def _fits(self, turn: Sequence[Event]) -> bool:
        order = blake2b(digest_size=16)
        left = self._boundaries
        for event in turn:
            if left and isinstance(event, Boundary):
                order.update(_identity(event))
                left -= 1
        return not left and order.digest() == self._order.digest()

    def _says_the_same(self, turn: Sequence[Event]) -> bool:
        """Tell whether a turn's text begins with the received text.

        One view of it is enough, since a full event may differ from its deltas.
        """
        texts = text_views(turn)
        is_over = any(isinstance(event, Stop) for event in turn)
        return all(
            self._agrees(kind, texts, is_over=is_over) for kind in get_args(Kind)
        )

    def _agrees(self, kind: Kind, texts: Mapping[_View, str], *, is_over: bool) -> bool:
        come = [self._texts[kind, each] for each in _VIEWS]
        there = [texts.get((kind, each), "") for each in _VIEWS]
        is_kept = kind == "text" or bool(there[0])  # the service need not keep thinking
        if not (come[0].length and is_kept):
            return True
        if not is_over and len(there[0]) < come[0].length:
            return True  # the service hasn't stored all of it yet
        return any(
            each.length and each.is_prefix_of(text) for each in come for text in there
        )

    def _rest(self, turn: Sequence[Event]) -> Iterator[Event]:
        left = self._boundaries
        come, given = _copied(self._counted), _copied(self._counted)
        stored = _nothing()
        unknown = self._unknown
        for event in turn:
            is_boundary = isinstance(event, Boundary)
            if left:
                left -= is_boundary
                continue
            if is_boundary:
                come, given, stored = _nothing(), _nothing(), _nothing()
                unknown = 0
            if isinstance(event, UnknownEvent) and unknown:
                unknown -= 1
            elif isinstance(event, Delta | FullEvent):
                kind = event.kind
                missing = [*come[kind].uncounted(event)]
                is_message = stored[kind].take(event) is not None
                if is_message and any(map(given[kind].is_repeated_by, missing)):
                    missing.insert(0, _DELTAS[kind](event.content))
                for each in missing:
                    given[kind].take(each)
                yield from missing
            else:
                yield event


def _copied(counted: Mapping[Kind, CountedText]) -> dict[Kind, CountedText]:
    return {kind: attrs.evolve(each) for kind, each in counted.items()}


def _digest(units: str) -> bytes:
    return blake2b(_bytes(units), digest_size=16).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _identity(event: Boundary) -> bytes:
    call_id = "" if isinstance(event, Stop | UserInput) else event.call_id
    return _bytes(f"{event.type}:{len(call_id)}:{call_id}")
