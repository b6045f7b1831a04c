"""Events that are all as the service describes them, decoded with no detour.

What is anything else is read the long way, which loses nothing; so all that is here is
speed.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

from replay.checking import Checks, Where
from replay.forms import Form, values_of
from replay.known_structs import decode_parts
from replay.parts import Deltas, Part
from replay.recorded_events import RecordedEvents


class KnownEvents(RecordedEvents):
    """A history whose events are all known, in memory."""

    def __init__(
        self, found: tuple[Sequence[Part], int, int], text: bytes, form: Form
    ) -> None:
        """Take what was found in a text, and the text itself.

        Args:
            found: What the text holds, as :func:`decode_parts` gives it.
            text: JSON, decoded again where more is asked for.
            form: How it is laid out.
        """
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
        """Yield what the history consists of, each part with its first index."""
        index = first
        for part in self._parts:
            yield index, part
            index += len(part.contents) if isinstance(part, Deltas) else 1

    def check(self, checks: Checks, where: Where, first: int = 0) -> None:
        """Check each event, where there is any that might not pass."""
        if checks.strict or self._depth > checks.limits.depth:
            checks.events(self.values(), where, first)


def decode_known(text: bytes, form: Form) -> KnownEvents | None:
    """Return the events that a text holds; None: read it the long way.

    Args:
        text: JSON.
        form: How it is laid out.
    """
    found = decode_parts(text, form)
    return None if found is None else KnownEvents(found, text, form)
