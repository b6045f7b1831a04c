"""Recorded events in memory, each made a typed value when it is asked for."""

from collections.abc import Iterator, Sequence
from typing import overload

from replay.codec import decode_event
from replay.events import Event


class RecordedEvents(Sequence[Event]):
    """A history as it was decoded from JSON."""

    def __init__(self, values: Sequence[object]) -> None:
        """Take *values*, the entries of a session's ``events``; keep them as they are.

        Args:
            values: JSON values that nobody else holds.
        """
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Event]:
        return map(decode_event, self.values)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> "RecordedEvents": ...
    def __getitem__(self, index: int | slice) -> "Event | RecordedEvents":
        if isinstance(index, slice):
            return RecordedEvents(self.values[index])
        return decode_event(self.values[index])

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
