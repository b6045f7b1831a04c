"""Fast decoding, by msgspec, of events that are all as the service describes them.

Each event becomes a small value. The whole text is refused if any event is different:
if its type is unknown, it has another key, or a field is missing or wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import groupby
from operator import attrgetter, or_
from typing import Any, Final

import msgspec

from replay.codec.json_lines import lines_of
from replay.codec.json_scan import Form
from replay.codec.parts import Deltas, Part
from replay.model.events import (
    DELTAS,
    EVENT_CLASSES,
    Event,
    ImageAttachment,
    Stop,
    ToolCall,
    ToolResult,
    Usage,
)
from replay.model.json_object import Undecoded, WireObject, documented_fields
from replay.model.json_text import has_long_integer

_REFUSALS: Final = (ValueError, RecursionError, msgspec.MsgspecError)
_UNSET: Final = msgspec.UNSET  # the object does not have that key
_SHORT: Final = 400  # bytes of a field whose brackets are not worth counting
_CONTENT: Final = attrgetter("content")
_CHECK: Final = msgspec.json.Decoder().decode
#: Numbers may be too large if digits have an exponent, or there are this many.
_DIGITS: Final = bytes.maketrans(b"123456789E", b"000000000e")
_EXPONENT: Final = b"0e"
_MANY: Final = b"0" * 200
#: The fields that may be deep or large, which are left as text.
_RAW: Final[Mapping[type, str]] = {ToolCall: "arguments", ToolResult: "result"}


def _struct(cls: type[WireObject]) -> Any:  # noqa: ANN401 - msgspec's own metaclass
    """Return msgspec's description of the JSON object for *cls*."""
    return msgspec.defstruct(
        cls.__name__,
        [
            (name, _TYPES[field.type])
            if name in cls._required
            else (name, _TYPES[field.type] | msgspec.UnsetType, _UNSET)
            for name, field in documented_fields(cls).items()
        ],
        tag_field="type" if cls.type else None,
        tag=cls.type or None,
        forbid_unknown_fields=True,
        gc=cls not in DELTAS,  # a string and nothing else
    )


#: The type that msgspec decodes for each type of field.
_TYPES: Final[dict[object, Any]] = {
    str: str,
    bool: bool,
    int: int,
    float: float | int,
    int | None: int | None,
    str | None: str | None,
    Mapping[str, object]: msgspec.Raw,
    object: msgspec.Raw,
    tuple[str, ...] | None: list[str] | None,
}
_TYPES[Usage] = _struct(Usage)

_TYPES[ImageAttachment | None] = _struct(ImageAttachment) | None
_CLASSES: Final = {_struct(cls): cls for cls in EVENT_CLASSES.values()}
_ANY: Final[Any] = reduce(or_, _CLASSES)
_DECODE_LINE: Final = msgspec.json.Decoder(_ANY).decode
_DECODE_ARRAY: Final = msgspec.json.Decoder(list[_ANY]).decode


def scan(text: bytes, form: Form) -> tuple[int, int] | None:
    """Return the number of events in a text, and an upper bound of a field's depth.

    Returns:
        None: an event isn't as the service describes it.
    """
    try:
        structs = _decode(text, form)
        nested = (
            struct
            for cls, group in groupby(structs, type)
            if _CLASSES[cls] in _RAW
            for struct in group
        )
        return len(structs), max(map(_check_field, nested), default=0)
    except _REFUSALS:
        return None


def decode_parts(text: bytes, form: Form) -> tuple[Sequence[Part], int, int] | None:
    """Return the parts of a text, its number of events, and a bound of a field's depth.

    Returns:
        None: an event isn't as the service describes it.
    """
    depths = [0]
    try:
        structs = _decode(text, form)
        return list(_parts(structs, depths)), len(structs), max(depths)
    except _REFUSALS:
        return None


def _decode(text: bytes, form: Form) -> Sequence[Any]:
    if has_long_integer(text):
        raise ValueError
    if form == "array":
        return _DECODE_ARRAY(text)
    return list(map(_DECODE_LINE, lines_of(text)))


def _parts(structs: Sequence[Any], depths: list[int]) -> Iterator[Part]:
    for struct, group in groupby(structs, type):
        cls = _CLASSES[struct]
        if cls in DELTAS:
            contents = [event.content for event in group]
            yield Deltas(
                cls, contents, "".join(contents), None, may_have_surrogates=False
            )
        elif cls in _RAW:
            for event in group:
                depths.append(_check_field(event))
                yield _tool_event(cls, event)
        elif cls is Stop:
            yield from map(_stop, group)
        else:
            yield from map(cls, map(_CONTENT, group))


def _check_field(struct: Any) -> int:  # noqa: ANN401 - msgspec's
    """Check the field that was left as text; return an upper bound of its depth.

    Raises:
        ValueError, msgspec.MsgspecError: It isn't a value that can be kept.
    """
    name = _RAW[_CLASSES[type(struct)]]
    text = bytes(getattr(struct, name))
    setattr(struct, name, Undecoded(text))
    if name == "arguments" and not text.startswith(b"{"):
        raise msgspec.ValidationError
    if not text.isascii():
        text.decode()
    digits = text.translate(_DIGITS)
    if _EXPONENT in digits or _MANY in digits:
        _CHECK(text)  # skipping the value has found anything else that is wrong
    if len(text) <= _SHORT:
        return len(text) // 2
    return text.count(b"{") + text.count(b"[")


def _tool_event(cls: type[WireObject], struct: Any) -> Event:  # noqa: ANN401 - msgspec's
    if cls is ToolCall:
        return ToolCall(struct.call_id, struct.name, struct.arguments)
    image = struct.image_attachment
    if image is _UNSET:
        return ToolResult(struct.call_id, struct.name, struct.result)
    given = _given(struct)
    if image is not None:
        given["image_attachment"] = ImageAttachment(*msgspec.structs.astuple(image))
    return ToolResult(**given, recorded={"type": ToolResult.type, **given})


def _stop(struct: Any) -> Stop:  # noqa: ANN401 - msgspec's
    cost = _given(struct.usage)
    usage = Usage(**cost, recorded=cost)
    if struct.skipped_index_ids is _UNSET:
        return Stop(usage, struct.is_error, struct.error)
    given = {**_given(struct), "usage": usage}
    if struct.skipped_index_ids is not None:
        given["skipped_index_ids"] = tuple(struct.skipped_index_ids)
    return Stop(**given, recorded={"type": Stop.type, **given})


def _given(struct: Any) -> dict[str, Any]:  # noqa: ANN401 - msgspec's
    """Return only the fields that the object has."""
    fields = msgspec.structs.asdict(struct)
    return {name: value for name, value in fields.items() if value is not _UNSET}
