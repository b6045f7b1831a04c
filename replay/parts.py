"""A history in parts: the deltas of one kind that follow each other, or one event.

Sorting and joining them is left to what Python does in C, since most events are deltas
and few listen to each of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, TypeAlias

import attrs

from replay.codec import decode_event
from replay.events import Event, TextDelta, ThinkingDelta
from replay.messages import Kind
from replay.recorded_events import RecordedEvents

_TYPE: Callable[[Any], Any] = itemgetter("type")  # of a JSON object, if it is one
_CONTENT: Callable[[Any], Any] = itemgetter("content")
_CLASSES: Final = {cls.type: cls for cls in (TextDelta, ThinkingDelta)}
#: What each delta is a piece of.
KINDS: Final[dict[type[TextDelta | ThinkingDelta], Kind]] = {
    TextDelta: "text",
    ThinkingDelta: "thinking",
}


@attrs.define(eq=False)
class Deltas:
    """Deltas of one kind that follow each other, as they were recorded or built."""

    cls: type[TextDelta | ThinkingDelta]
    contents: list[str]
    text: str  #: the contents joined
    _items: Sequence[object]  #: events, or the objects that they were recorded as
    _start: int = 0

    @property
    def first(self) -> int:
        """Return how many of them are empty before the first that is not."""
        if not self.text or self.contents[0]:
            return 0
        return next(count for count, each in enumerate(self.contents) if each)

    def events(self) -> list[Event]:
        """Return the deltas as events."""
        items = self._items[self._start : self._start + len(self.contents)]
        if isinstance(items[0], self.cls):
            return items  # type: ignore[return-value]  # all of them are of one class
        if set(map(len, items)) == {2}:  # type: ignore[arg-type]  # type and content
            return list(map(self.cls, self.contents))
        return list(map(decode_event, items))


Part: TypeAlias = Event | Deltas


def parts(events: Iterable[Event]) -> Iterator[tuple[int, Part]]:
    """Yield what *events* consist of, each part with the index of its first event."""
    if isinstance(events, RecordedEvents):
        yield from _recorded(events.values)
    else:
        yield from _built(events)


def _built(events: Iterable[Event]) -> Iterator[tuple[int, Part]]:
    index = 0
    for cls, group in groupby(events, type):
        if cls is TextDelta or cls is ThinkingDelta:
            deltas: list[Any] = list(group)  # of that class, which mypy cannot see
            contents = [event.content for event in deltas]
            yield index, Deltas(cls, contents, "".join(contents), deltas)
            index += len(deltas)
        else:
            for event in group:
                yield index, event
                index += 1


def _recorded(values: Sequence[object]) -> Iterator[tuple[int, Part]]:
    done, singly = 0, 1
    while done < len(values):
        try:
            for part in _sorted(values, done):
                yield done, part
                done += len(part.contents) if isinstance(part, Deltas) else 1
        except (KeyError, TypeError):  # some entry ahead is no event
            singly *= 2  # so many malformed entries cost no more than n log n
            for value in values[done : done + singly]:
                yield done, _alone(decode_event(value))
                done += 1


def _sorted(values: Sequence[object], start: int) -> Iterator[Part]:
    """Yield the parts of *values* from *start* on.

    Raises:
        KeyError, TypeError: There comes an entry that is no event.
    """
    for wire_type, group in groupby(islice(values, start, None), _TYPE):
        if cls := _CLASSES.get(wire_type):
            contents = list(map(_CONTENT, group))
            yield Deltas(cls, contents, "".join(contents), values, start)
            start += len(contents)
        else:
            for value in group:
                yield decode_event(value)
                start += 1


def _alone(event: Event) -> Part:
    if isinstance(event, TextDelta | ThinkingDelta):
        return Deltas(type(event), [event.content], event.content, [event])
    return event
