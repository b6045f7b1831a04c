"""A history in parts, each of them consecutive deltas of one kind, or one event.

Deltas are grouped and joined by functions that Python has in C, since most events are
deltas and few plugins listen to each of them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat
from typing import Any, Final, TypeAlias

import attrs

from replay.codec.structure import decode_event
from replay.model.events import DELTAS, Delta, Event

#: The setter of each field: it makes a delta in half the time of its class's __init__.
_SETTERS: Final[Any] = {
    cls: tuple(getattr(cls, field.name).__set__ for field in attrs.fields(cls))
    for cls in DELTAS
}
_drain: Final = deque[object](maxlen=0).extend


@attrs.frozen(eq=False)
class Deltas:
    """Consecutive deltas of one kind, as they were recorded or built."""

    cls: type[Delta]
    contents: list[str]
    text: str  #: the contents joined
    #: events, or their recorded objects; None: they hold nothing else
    items: Sequence[object] | None = None
    may_have_surrogates: bool = True  #: of surrogate pairs; False: there are none

    @property
    def first(self) -> int:
        """Return how many empty deltas precede the first that isn't empty."""
        if not self.text or self.contents[0]:
            return 0
        return next(count for count, each in enumerate(self.contents) if each)

    def events(self) -> Sequence[Delta]:
        """Return the deltas as events."""
        if self.items is None:
            return _built_from(self.cls, self.contents)
        if isinstance(self.items[0], self.cls):
            return self.items  # type: ignore[return-value]  # all of them are of one class
        if set(map(len, self.items)) == {2}:  # type: ignore[arg-type]  # type and content
            return _built_from(self.cls, self.contents)
        return [decode_event(item) for item in self.items]  # type: ignore[misc]  # deltas


Part: TypeAlias = Event | Deltas


def _built_from(cls: type[Delta], contents: Sequence[str]) -> list[Delta]:
    made: list[Delta] = list(map(object.__new__, repeat(cls, len(contents))))
    set_recorded, set_content = _SETTERS[cls]
    _drain(map(set_recorded, made, repeat(None)))
    _drain(map(set_content, made, contents))
    return made


def part_of(event: Event) -> Part:
    """Return one event as a part."""
    if isinstance(event, Delta):
        return Deltas(type(event), [event.content], event.content, [event])
    return event


def grouped_parts(events: Iterable[Event]) -> Iterator[tuple[int, Part]]:
    """Yield the parts of *events*, each with the index of its first event."""
    index = 0
    for cls, group in groupby(events, type):
        if cls in DELTAS:
            deltas: list[Any] = list(group)  # of that class, which mypy cannot see
            contents = [event.content for event in deltas]
            yield index, Deltas(cls, contents, "".join(contents), deltas)
            index += len(deltas)
        else:
            for event in group:
                yield index, event
                index += 1
