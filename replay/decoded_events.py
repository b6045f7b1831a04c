"""Recorded events in memory as JSON values, whatever they are."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

from replay.checking import Checks, Where
from replay.codec import decode_event
from replay.events import TextDelta, ThinkingDelta
from replay.parts import Deltas, Part, part_of
from replay.recorded_events import RecordedEvents

_TYPE: Callable[[Any], Any] = itemgetter("type")  # of a JSON object, if it is one
_CONTENT: Callable[[Any], Any] = itemgetter("content")
_CLASSES: Final = {cls.type: cls for cls in (TextDelta, ThinkingDelta)}


class DecodedEvents(RecordedEvents):
    """A history as it was decoded from JSON, whatever it holds."""

    def __init__(self, values: Sequence[object]) -> None:
        """Take *values*, the entries of a session's ``events``; keep them as they are.

        Args:
            values: JSON values that nobody else holds.
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
        """Yield what the history consists of, each part with its first index."""
        done, singly = 0, 1
        values = self._values
        while done < len(values):
            try:
                for part in _sorted(values, done):
                    yield first + done, part
                    done += len(part.contents) if isinstance(part, Deltas) else 1
            except (KeyError, TypeError):  # some entry ahead is no event
                singly *= 2  # so many malformed entries cost no more than n log n
                for value in values[done : done + singly]:
                    yield first + done, part_of(decode_event(value))
                    done += 1

    def check(self, checks: Checks, where: Where, first: int = 0) -> None:
        """Check each event, where there is any that might not pass."""
        if checks.strict or checks.is_too_deep(self._values, 2):
            checks.events(self._values, where, first)


def _sorted(values: Sequence[object], start: int) -> Iterator[Part]:
    """Yield the parts of *values* from *start* on.

    Raises:
        KeyError, TypeError: There comes an entry that is no event.
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
