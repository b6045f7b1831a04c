"""Recorded events, each decoded to a typed value when it is needed.

The fast ways here only save time: an event that doesn't suit them is read the long way,
which loses nothing.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, overload

from replay.codec.checks import Checks, Where
from replay.codec.json_lines import values_of
from replay.codec.json_scan import Form
from replay.codec.parts import Deltas, Part, grouped_parts, part_of
from replay.codec.schema import decode_parts
from replay.codec.structure import decode_event
from replay.model.events import DELTAS, Event


class RecordedEvents(Sequence[Event]):
    """A history as recorded, wherever its JSON values are stored.

    A subclass has a length, ``values``, ``value`` and ``parts``; the events that it
    then has are decoded when they are asked for. :class:`DecodedEvents` has a list.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, as it was recorded."""

    @abstractmethod
    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield the parts of the history, each with its first index.

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


def parts_of(events: Iterable[Event]) -> Iterator[tuple[int, Part]]:
    """Yield the parts of *events*, each with the index of its first event."""
    if isinstance(events, RecordedEvents):
        return events.parts()
    return grouped_parts(events)


_TYPE: Callable[[Any], Any] = itemgetter("type")  # of a JSON object, if it is one
_CONTENT: Callable[[Any], Any] = itemgetter("content")
_CLASSES: Final = {cls.type: cls for cls in DELTAS}


class DecodedEvents(RecordedEvents):
    """A history as it was decoded from JSON, valid or not."""

    def __init__(self, values: Sequence[object]) -> None:
        """Keep *values*, the entries of a session's ``events``, as they are.

        Args:
            values: JSON values that nothing else refers to.
        """
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, as it was recorded."""
        return iter(self._values)

    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*."""
        return self._values[index]

    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield the parts of the history, each with its first index."""
        done, singly = 0, 1
        values = self._values
        while done < len(values):
            try:
                for part in _sorted(values, done):
                    yield first + done, part
                    done += len(part.contents) if isinstance(part, Deltas) else 1
            except (KeyError, TypeError):  # some entry ahead isn't an event
                singly *= 2  # so many malformed entries cost no more than n log n
                for value in values[done : done + singly]:
                    yield first + done, part_of(decode_event(value))
                    done += 1

    def check(self, checks: Checks, where: Where, first: int = 0) -> None:
        """Check each event, if any might not pass."""
        if checks.strict or checks.is_too_deep(self._values, 2):
            checks.events(self._values, where, first)


def _sorted(values: Sequence[object], start: int) -> Iterator[Part]:
    """Yield the parts of *values* from *start* on.

    Raises:
        KeyError, TypeError: An entry isn't an event.
    """
    for wire_type, group in groupby(islice(values, start, None), _TYPE):
        if cls := _CLASSES.get(wire_type):
            contents = list(map(_CONTENT, group))
            text, end = "".join(contents), start + len(contents)
            yield Deltas(cls, contents, text, values[start:end])
            start = end
        else:
            for value in group:
                yield decode_event(value)
                start += 1


class KnownEvents(RecordedEvents):
    """A history in memory whose events are all known."""

    def __init__(
        self, found: tuple[Sequence[Part], int, int], text: bytes, form: Form
    ) -> None:
        """Take the result of :func:`decode_parts` for a text, and the text itself."""
        self._parts, self._length, self._depth = found
        self._text = text
        self._form = form

    def __len__(self) -> int:
        return self._length

    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, as it was recorded."""
        return iter(values_of(self._text, self._form))

    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*."""
        return self._values[index]

    @cached_property
    def _values(self) -> Sequence[object]:
        return values_of(self._text, self._form)

    def __reduce__(self) -> tuple[object, ...]:
        return decode_known, (self._text, self._form)

    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield the parts of the history, each with its first index."""
        index = first
        for part in self._parts:
            yield index, part
            index += len(part.contents) if isinstance(part, Deltas) else 1

    def check(self, checks: Checks, where: Where, first: int = 0) -> None:
        """Check each event, if any might not pass."""
        if checks.strict or self._depth > checks.limits.depth:
            checks.events(self.values(), where, first)


def decode_known(text: bytes, form: Form) -> KnownEvents | None:
    """Return the events in a JSON text; None: it must be read the long way."""
    found = decode_parts(text, form)
    return None if found is None else KnownEvents(found, text, form)
