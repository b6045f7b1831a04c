"""The events of a turn that is under way, as a session has them."""

from collections.abc import Iterator, Sequence
from typing import overload

from replay.events import Event


class ArrivingEvents(Sequence[Event]):
    """Events as they arrive; those that have arrived are kept.

    Its length is how many have arrived. To iterate it is to wait for the others.
    """

    def __init__(self, source: Iterator[Event]) -> None:
        """Take what gives each event once it is there."""
        self._source = source
        self._arrived: list[Event] = []

    def go_on_with(self, source: Iterator[Event]) -> None:
        """Take what gives the events after those that have arrived."""
        self._source = source

    def __len__(self) -> int:
        return len(self._arrived)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._arrived[index]

    def __iter__(self) -> Iterator[Event]:
        index = 0
        while True:
            if index == len(self._arrived):
                event = next(self._source, None)
                if event is None:
                    return
                self._arrived.append(event)
            yield self._arrived[index]
            index += 1
