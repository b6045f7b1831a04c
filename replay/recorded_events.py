"""Recorded events, each made a typed value when it is asked for."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from replay.codec import decode_event
from replay.events import Event
from replay.parts import Part, parts_of_events


class RecordedEvents(Sequence[Event]):
    """A history as it was recorded, wherever its JSON values are."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, as it was recorded."""

    @abstractmethod
    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield what the history consists of, each part with its first index.

        Args:
            first: The index of the history's first event.
        """

    @abstractmethod
    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*, which is not negative."""

    def __iter__(self) -> Iterator[Event]:
        return map(decode_event, self.values())

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        place = range(len(self))[index]
        if isinstance(place, range):
            return tuple(decode_event(self.value(each)) for each in place)
        return decode_event(self.value(place))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<{len(self)} recorded events>"


def parts(events: Iterable[Event]) -> Iterator[tuple[int, Part]]:
    """Yield what *events* consist of, each part with the index of its first event."""
    if isinstance(events, RecordedEvents):
        return events.parts()
    return parts_of_events(events)
