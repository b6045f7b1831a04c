"""The events of a session, their secrets replaced while they are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from replay.arriving_events import ArrivingEvents
from replay.decoded_events import DecodedEvents
from replay.events import (
    Event,
    Stop,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
)
from replay.parts import Deltas, Part
from replay.recorded_events import RecordedEvents, parts
from replay_plugins.redact.gathering import plain
from replay_plugins.redact.histories import Rewriter, is_boundary, is_user_input
from replay_plugins.redact.overviews import Overview
from replay_plugins.redact.replacing import Redacted

_Item = TypeVar("_Item")
_LONGEST: Final = 20_000  # events that are held back, but for those of one message
_BOUNDARIES: Final = (ToolCall, ToolResult, Stop, UserInput)


@attrs.define(eq=False)
class _Latest:
    """The stretch that was read last, and how to go on."""

    stretches: Iterator[tuple[int, Sequence[object]]]
    first: int = 0
    values: Sequence[object] = ()


class RedactedEvents(RecordedEvents):
    """A history with its secrets replaced.

    What is held in memory is one turn: what a secret may run through. Of a live turn,
    it is what there is between two boundaries.
    """

    def __init__(
        self, events: Sequence[Event], rewriter: Rewriter, report: list[Redacted]
    ) -> None:
        """Take a history.

        Args:
            events: The history as it was recorded.
            rewriter: Replaces the secrets.
            report: Gets what was replaced, once, however often the events are read.
        """
        self._events = events
        self._rewriter = rewriter
        self._report = report
        self._reported = 0  # events
        self._longest = 0 if isinstance(events, ArrivingEvents) else _LONGEST
        self._latest: _Latest | None = None

    def __len__(self) -> int:
        return len(self._events)

    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, its secrets replaced."""
        for _, values in self._stretches():
            yield from values

    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*."""
        latest = self._latest
        if latest is None or index < latest.first:
            latest = self._latest = _Latest(self._stretches())
        while index >= latest.first + len(latest.values):
            latest.first, latest.values = next(latest.stretches)
        return latest.values[index - latest.first]

    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield what the history consists of, each part with its first index."""
        for stretch in _cut(
            parts(self._events), _size, _opens_turn, _ends_message, self._longest
        ):
            start = stretch[0][0]
            if self._may_hold_in_parts(part for _, part in stretch):
                values = [value for _, part in stretch for value in _values_of(part)]
                rewritten = DecodedEvents(self._rewritten(values, start))
                yield from rewritten.parts(first + start)
            else:
                yield from ((first + index, part) for index, part in stretch)

    def __reduce__(self) -> tuple[object, ...]:
        return DecodedEvents, ([*self.values()],)

    def _stretches(self) -> Iterator[tuple[int, Sequence[object]]]:
        events = self._events
        values: Iterable[object] = map(_as_object, events)
        if isinstance(events, RecordedEvents):
            values = events.values()
        start = 0
        for stretch in _cut(
            values, lambda _: 1, is_user_input, is_boundary, self._longest
        ):
            if self._rewriter.may_hold_in(stretch):
                yield start, self._rewritten(stretch, start)
            else:
                yield start, stretch
            start += len(stretch)

    def _rewritten(self, values: Sequence[object], start: int) -> list[object]:
        entries: list[Redacted] = []
        rewritten = self._rewriter.rewritten(values, start, entries)
        if start >= self._reported:
            self._report += entries
            self._reported = start + len(values)
        return rewritten

    def _may_hold_in_parts(self, stretch: Iterable[Part]) -> bool:
        overview = Overview()
        for part in stretch:
            if isinstance(part, Deltas):
                overview.deltas(part.cls.type, part.text)
                for value in _more_than_text(part):
                    overview.other(value)
            else:
                overview.other(part.as_object())
                if not isinstance(part, UnknownEvent):
                    overview.end()
        return overview.may_hold_secrets(self._rewriter.finder)


def _cut(
    items: Iterable[_Item],
    size: Callable[[_Item], int],
    opens_turn: Callable[[_Item], bool],
    ends_message: Callable[[_Item], bool],
    longest: int,
) -> Iterator[list[_Item]]:
    """Yield stretches of a history: a turn each, or a part of a long one."""
    stretch: list[_Item] = []
    length = 0
    for item in items:
        if stretch and opens_turn(item):
            yield stretch
            stretch, length = [], 0
        stretch.append(item)
        length += size(item)
        if length >= longest and ends_message(item):
            yield stretch
            stretch, length = [], 0
    if stretch:
        yield stretch


def _size(item: tuple[int, Part]) -> int:
    return len(item[1].contents) if isinstance(item[1], Deltas) else 1


def _opens_turn(item: tuple[int, Part]) -> bool:
    return isinstance(item[1], UserInput)


def _ends_message(item: tuple[int, Part]) -> bool:
    return isinstance(item[1], _BOUNDARIES)


def _as_object(event: Event) -> object:
    return plain(event.as_object())


def _values_of(part: Part) -> Iterator[object]:
    return map(_as_object, part.events() if isinstance(part, Deltas) else [part])


def _more_than_text(deltas: Deltas) -> Iterator[object]:
    """Yield the deltas that hold more than a type and a text."""
    for item in deltas.items or ():
        value = item if isinstance(item, dict) else _as_object(item)  # type: ignore[arg-type]  # an event
        if len(value) > 2:  # type: ignore[arg-type]  # noqa: PLR2004 - an object
            yield value
