"""Exact decoding of events and headers: nothing is coerced, nothing is lost."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from operator import eq
from typing import Any, ClassVar, Final, TypeVar, cast, get_args

import attrs
from cattrs import Converter, override
from cattrs.errors import ClassValidationError
from cattrs.gen import make_dict_structure_fn

from replay.errors import DecodeError, wrong_type
from replay.model.events import (
    EVENT_CLASSES,
    Delta,
    Event,
    FullEvent,
    Stop,
    UnknownEvent,
    UserInput,
)
from replay.model.json_object import WireObject
from replay.model.json_text import parse_json, write_json
from replay.model.sessions import SessionSummary

_Wire = TypeVar("_Wire", bound=WireObject)
_Structure = Callable[[object, Any], Any]  # cattrs passes and returns any class

#: Events that hold a text and nothing else.
_TEXTS: Final[Mapping[object, Callable[..., Event]]] = {
    cls.type: cls for cls in (UserInput, *get_args(Delta | FullEvent))
}
_NAMES: Final[Mapping[object, str]] = {
    type(None): "null",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


class BrokenText(str):
    """The text of a line that isn't a JSON value, in place of one."""

    __slots__ = ()
    code: ClassVar = "bad-line"
    problem: ClassVar = "aren't a record"

    @property
    def reason(self) -> str:
        """Return what is wrong with it."""
        size = len(self.encode("utf-8", "surrogateescape"))
        return f"{size} bytes {self.problem}"


class TornText(BrokenText):
    """The text of a last line that broke off."""

    __slots__ = ()
    code: ClassVar = "torn-line"
    problem: ClassVar = "at the end aren't a complete line"


class _UnexpectedError(Exception):
    """A value has the wrong type for its field: the reason, and the place within it."""


def decode_event(value: object) -> Event:
    """Decode one event; anything unknown or malformed becomes an UnknownEvent.

    Args:
        value: One entry of a session's ``events``; kept, so it must not change.
    """
    if not isinstance(value, dict):
        return UnknownEvent(value, *_fault_of_value(value))
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in EVENT_CLASSES:
        return UnknownEvent(value, *_fault_of_type(kind))
    plain = _TEXTS.get(kind)
    if plain and isinstance(value.get("content"), str):
        return plain(value["content"], recorded=value)
    if kind == Stop.type and "error" not in value:  # it may be null, never absent
        return UnknownEvent(value, "invalid-event", "$.error: missing")
    try:
        return cast("Event", _structure(value, EVENT_CLASSES[kind]))
    except DecodeError as error:
        reason = f"{error.where}: {error.reason}"
        return UnknownEvent(value, "invalid-event", reason)


def event_of(entry: Event | Mapping[str, object]) -> Event:
    """Return *entry* if it is an event, else decode it as a JSON object.

    Args:
        entry: The object may be changed later: it is copied.

    Raises:
        EncodeError: It holds a value that isn't JSON.
        TypeError: It is a session.
    """
    if isinstance(entry, Event):
        return entry
    if isinstance(entry, SessionSummary):
        raise wrong_type(entry, "an event or its JSON object", "take one session")
    plain = dict(entry) if isinstance(entry, Mapping) else entry
    return decode_event(parse_json(write_json(plain)).value)


def _fault_of_value(value: object) -> tuple[str, str]:
    """Return the code and the reason for a value that isn't an object."""
    if isinstance(value, BrokenText):
        return value.code, value.reason
    return "invalid-event", f"expected an object, got {name_of_type(value)}"


def _fault_of_type(kind: object) -> tuple[str, str]:
    """Return the code and the reason for a type that no event has."""
    if kind is None:
        return "missing-type", "the event has no type"
    if not isinstance(kind, str):
        return "invalid-event", f"$.type: expected a string, got {name_of_type(kind)}"
    return "unknown-type", f"no event has the type {kind!a}"


def check_event(value: object, where: str) -> None:
    """Raise an error for a value that isn't a known event.

    Args:
        value: One entry of a session's ``events``.
        where: Its JSON path.

    Raises:
        DecodeError: The event's type is unknown, or one of its fields is wrong.
    """
    event = decode_event(value)
    if isinstance(event, UnknownEvent):
        path, _, reason = event.reason.partition(": ")
        if path.startswith("$"):
            raise DecodeError(where + path[1:], reason)
        key = ".type" if isinstance(value, dict) else ""
        raise DecodeError(where + key, event.reason)


def decode_header(value: Mapping[str, object], session_id: str) -> SessionSummary:
    """Return the header of a session document.

    Args:
        value: The document, without ``events``.
        session_id: The session's id if the document gives none.

    Raises:
        DecodeError: A field has the wrong type.
    """
    given = {k: v for k, v in value.items() if v is not None or k == "session_id"}
    header = _structure({"session_id": session_id, **given}, SessionSummary)
    return attrs.evolve(header, recorded=value)


def _structure(value: Mapping[str, object], cls: type[_Wire]) -> _Wire:
    key: Any = cls  # mypy takes a class whose values have a hash for one without
    try:
        return cast("_Wire", _fast(key)(value, cls))
    except (KeyError, _UnexpectedError):
        pass  # the exact way says what is wrong
    try:
        return _exact().structure(value, cls)
    except ClassValidationError as error:
        where, reason = _first_fault("$", error)
        raise DecodeError(where, reason) from None


def _first_fault(where: str, error: ClassValidationError) -> tuple[str, str]:
    fault, note = error.group_exceptions()[0][0]
    path = f"{where}.{note.name.lstrip('_')}"
    if isinstance(fault, ClassValidationError):
        return _first_fault(path, fault)
    if isinstance(fault, KeyError):
        return path, "missing"
    reason, *within = fault.args
    return path + "".join(within), reason


def name_of_type(value: object) -> str:
    """Return what JSON calls a value's type, such as ``a string``."""
    return _NAMES[type(value)]


def _converter(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    for expected in (bool, int, str):
        converter.register_structure_hook(expected, _exactly(expected))
    converter.register_structure_hook(float, _number)
    for cls, structure in _FIELDS:
        is_it = partial(eq, cls)
        converter.register_structure_hook_func(is_it, structure)
    converter.register_structure_hook_factory(
        _is_wire_object, lambda cls: _object(cls, converter)
    )
    return converter


def _is_wire_object(cls: object) -> bool:
    return isinstance(cls, type) and issubclass(cls, WireObject)


def _exactly(*expected: type) -> _Structure:
    def structure(value: object, _: object) -> object:
        if type(value) not in expected:
            message = f"expected {_NAMES[expected[0]]}, got {name_of_type(value)}"
            raise _UnexpectedError(message)
        return value

    return structure


_list, _dict = _exactly(list), _exactly(dict)
_number = _exactly(float, int)


def _strings(value: object, _: object) -> tuple[str, ...]:
    items: list[object] = _list(value, _)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            message = f"expected a string, got {name_of_type(item)}"
            raise _UnexpectedError(message, f"[{index}]")
    return cast("tuple[str, ...]", tuple(items))


#: A function that decodes fields of each type that isn't a class.
_FIELDS: Final[Sequence[tuple[object, _Structure]]] = (
    (object, lambda value, _: value),
    (Mapping[str, object], _dict),
    (tuple[str, ...], _strings),
    (int | None, _exactly(int, type(None))),
    (str | None, _exactly(str, type(None))),
)


def _object(cls: type[WireObject], converter: Converter) -> _Structure:
    structure = make_dict_structure_fn(
        cls,
        converter,
        _recorded=override(omit=True),
        _cattrs_use_alias=True,
        _cattrs_detailed_validation=converter.detailed_validation,
    )

    def with_recorded(value: object, _: object) -> WireObject:
        made = structure(_dict(value, _), cls)
        _set_recorded(made, value)
        return made

    return with_recorded


#: Sets a frozen slot of a value that nobody has seen yet.
_set_recorded: Final[Any] = vars(WireObject)["_recorded"].__set__


@cache
def _exact() -> Converter:
    """Return the converter that locates faults; made when the first one occurs."""
    return _converter(detailed=True)


@cache
def _quick() -> Converter:
    return _converter(detailed=False)


@cache
def _fast(cls: Any) -> _Structure:  # noqa: ANN401 - a class of this library
    return _quick().get_structure_hook(cls)
