"""Events that are all as the service describes them, decoded with no detour.

msgspec makes a small value of each and refuses the whole text where one is anything
else: an unknown type, another key, a field that is missing or wrong. What it refuses
is read the long way, which loses nothing; so all that is here is speed.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from itertools import groupby, repeat
from operator import attrgetter, or_
from typing import Any, Final

import msgspec

from replay.checking import Checks, Where
from replay.codec import decode_event
from replay.events import (
    EVENT_CLASSES,
    Event,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
)
from replay.forms import Form, lines_of, values_of
from replay.parts import Deltas, Part
from replay.recorded_events import RecordedEvents
from replay.wire import WireObject, documented_fields

_UNSET: Final = msgspec.UNSET  # the object does not have that key
_DELTAS: Final = (TextDelta, ThinkingDelta)
_CONTENT: Final = attrgetter("content")


def _struct(cls: type[WireObject]) -> Any:  # noqa: ANN401 - msgspec's own metaclass
    """Return msgspec's description of the JSON object that *cls* stands for."""
    return msgspec.defstruct(
        cls.__name__,
        [
            (name, _TYPES.get(field.type, object))
            if name in cls._required
            else (name, object, _UNSET)
            for name, field in documented_fields(cls).items()
        ],
        tag_field="type",
        tag=cls.type,
        forbid_unknown_fields=True,
        gc=cls not in _DELTAS,  # a string and nothing else
    )


_NESTED: Final = {ToolCall, ToolResult, Stop}
_TYPES: Final[Mapping[object, Any]] = {str: str, Mapping[str, object]: dict}
_STRUCTS: Final = {_struct(cls): cls for cls in EVENT_CLASSES.values()}
_ANY: Final[Any] = reduce(or_, _STRUCTS)
_DECODE_LINE: Final = msgspec.json.Decoder(_ANY).decode
_DECODE_ARRAY: Final = msgspec.json.Decoder(list[_ANY]).decode


class KnownEvents(RecordedEvents):
    """A history whose events are all known, in memory."""

    def __init__(self, structs: Sequence[Any], text: bytes, form: Form) -> None:
        """Take what was found in a text, and the text itself.

        Args:
            structs: What the text holds.
            text: JSON, decoded again where more is asked for.
            form: How it is laid out.
        """
        self._length = len(structs)
        self._structs = structs
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
        if checks.strict or checks.is_too_deep(_nested(self._structs), 1):
            checks.events(self.values(), where, first)

    @cached_property
    def _parts(self) -> Sequence[Part]:
        parts = list(_sorted(self._structs))
        self._structs = ()
        return parts


def decode_known(text: bytes, form: Form) -> KnownEvents | None:
    """Return the events that a text holds; None: read it the long way.

    Args:
        text: JSON.
        form: How it is laid out.
    """
    try:
        structs = _decode(text, form)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return KnownEvents(structs, text, form)


def _decode(text: bytes, form: Form) -> list[msgspec.Struct]:
    if form == "array":
        return _DECODE_ARRAY(text)
    return list(map(_DECODE_LINE, lines_of(text)))


def _nested(structs: Sequence[Any]) -> list[object]:
    """Return the values of all fields that may hold more than a string."""
    return [
        value
        for struct, group in groupby(structs, type)
        if _STRUCTS[struct] in _NESTED
        for event in group
        for value in msgspec.structs.astuple(event)
    ]


def _sorted(structs: Sequence[Any]) -> Iterator[Part]:
    for struct, group in groupby(structs, type):
        cls = _STRUCTS[struct]
        if cls is TextDelta or cls is ThinkingDelta:
            contents = [event.content for event in group]
            yield Deltas(cls, contents, "".join(contents))
        elif cls in _NESTED:
            yield from map(_event, repeat(cls), map(msgspec.structs.astuple, group))
        else:
            yield from map(cls, map(_CONTENT, group))


def _event(cls: type[WireObject], values: tuple[Any, ...]) -> Event:
    if cls is ToolCall:
        return ToolCall(*values)
    if cls is ToolResult and values[-1] is _UNSET:
        return ToolResult(*values[:-1])
    given = zip(documented_fields(cls), values, strict=True)
    fields = {name: value for name, value in given if value is not _UNSET}
    return decode_event({"type": cls.type, **fields})
