"""The eight events of a chat session, and one that stands in for any other.

An event has no identity but its position. Two events are equal if their documented
fields are; anything else in their JSON objects is in ``extra`` and is written back.

Source: the service's OpenAPI document of 2026-08-20, schemas ``*Event``.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

import attrs

from replay.errors import wrong_type
from replay.model.json_object import (
    Undecoded,
    WireObject,
    decoded,
    documented_fields,
    read_only,
)


@attrs.frozen(repr=False)
class Usage(WireObject):
    """The cost of one run."""

    total_input_tokens: int | None = None  #: None: the service did not say
    total_output_tokens: int | None = None  #: None: the service did not say
    turns: int = 1  #: round trips to the model within the run, not turns of the chat
    duration_ms: float = 0.0  #: milliseconds, as the service counted them


@attrs.frozen(repr=False)
class ImageAttachment(WireObject):
    """A page's screenshot, which ``source.attachment`` fetches."""

    _required: ClassVar[tuple[str, ...]] = ("source_id", "attachment_name")

    source_id: str  #: a file's UUID, or a directory file's id (``dfl-…``)
    attachment_name: str  #: a relative path such as ``screenshots/page_7.jpg``


@attrs.frozen(repr=False)
class _Content(WireObject):
    """An event that is a piece of text."""

    _required: ClassVar[tuple[str, ...]] = ("content",)

    content: str


@attrs.frozen(repr=False)
class UserInput(_Content):
    """The user's prompt; it opens a turn."""

    type: ClassVar[Literal["user_input"]] = "user_input"


@attrs.frozen(repr=False)
class ThinkingDelta(_Content):
    """A piece of the agent's reasoning."""

    type: ClassVar[Literal["thinking_delta"]] = "thinking_delta"
    kind: ClassVar[Literal["thinking"]] = "thinking"  #: of the message


@attrs.frozen(repr=False)
class Thinking(_Content):
    """One whole block of the agent's reasoning."""

    type: ClassVar[Literal["thinking"]] = "thinking"
    kind: ClassVar[Literal["thinking"]] = "thinking"  #: of the message


@attrs.frozen(repr=False)
class TextDelta(_Content):
    """A piece of the agent's answer."""

    type: ClassVar[Literal["text_delta"]] = "text_delta"
    kind: ClassVar[Literal["text"]] = "text"  #: of the message


@attrs.frozen(repr=False)
class Text(_Content):
    """One whole block of the agent's answer."""

    type: ClassVar[Literal["text"]] = "text"
    kind: ClassVar[Literal["text"]] = "text"  #: of the message


@attrs.frozen(repr=False)
class ToolCall(WireObject):
    """The agent's call of a tool."""

    type: ClassVar[Literal["tool_call"]] = "tool_call"
    _required: ClassVar[tuple[str, ...]] = ("call_id", "name", "arguments")

    call_id: str
    name: str
    _arguments: Mapping[str, object] = attrs.field(
        alias="arguments", hash=False, eq=decoded
    )

    @cached_property
    def arguments(self) -> Mapping[str, object]:
        """Return the tool's arguments, read-only at every depth."""
        frozen: Mapping[str, object] = read_only(decoded(self._arguments))
        return frozen


@attrs.frozen(repr=False)
class ToolResult(WireObject):
    """A tool's answer to a call."""

    type: ClassVar[Literal["tool_result"]] = "tool_result"
    _required: ClassVar[tuple[str, ...]] = ("call_id", "name", "result")

    call_id: str
    name: str
    _result: object = attrs.field(alias="result", hash=False, eq=decoded)
    image_attachment: ImageAttachment | None = None  #: None: there is no page image

    @cached_property
    def result(self) -> object:
        """Return the tool's result: any JSON value, read-only at every depth."""
        frozen: object = read_only(decoded(self._result))
        return frozen


def tool_payload(event: ToolCall | ToolResult) -> object:
    """Return a tool's arguments or result, which must only be read: nothing checks it.

    This takes a fraction of the time of ``arguments`` and ``result``.
    """
    if isinstance(event, ToolCall):
        given = event._arguments  # noqa: SLF001 - of this module
        return decoded(given) if isinstance(given, Undecoded) else event.arguments
    got = event._result  # noqa: SLF001 - of this module
    return decoded(got) if isinstance(got, Undecoded) else event.result


@attrs.frozen(repr=False)
class Stop(WireObject):
    """The end of a run, successful or not."""

    type: ClassVar[Literal["stop"]] = "stop"
    _required: ClassVar[tuple[str, ...]] = ("usage", "is_error", "error")

    usage: Usage
    is_error: bool
    error: str | None = None  #: None: the run names no error
    skipped_index_ids: tuple[str, ...] | None = None  #: None: the service did not say


_BROKEN_LINES: Final = ("bad-line", "torn-line")  # codes


@attrs.frozen(repr=False)
class UnknownEvent:
    """An entry of the history that isn't one of the eight events, kept as it is."""

    type: ClassVar[Literal["unknown_event"]] = "unknown_event"

    _raw: object = attrs.field(alias="raw", hash=False)
    code: str = attrs.field(default="unknown-type", eq=False)  #: its diagnostic's code
    reason: str = attrs.field(default="", eq=False)  #: what is wrong with it

    @cached_property
    def raw(self) -> object:
        """Return the recorded JSON value, read-only at every depth."""
        frozen: object = read_only(self._raw)
        return frozen

    @property
    def is_event(self) -> bool:
        """Tell whether it was an event, and not the text of a broken line.

        Such a text is kept in the session, but isn't a step of a turn.
        """
        return self.code not in _BROKEN_LINES

    @property
    def foreign_type(self) -> str | None:
        """Return its type if it holds a record of another format.

        Such a type is ``FORMAT/RECORD``. It is what that format says, so there is
        nothing wrong with it.
        """
        match self._raw:
            case {"type": str(kind), "record": _} if "/" in kind:
                return kind
        return None

    def as_object(self) -> object:
        """Return the recorded JSON value, read-only at every depth."""
        return self.raw

    def __repr__(self) -> str:
        return f"UnknownEvent({self._raw!r}, code={self.code!r})"


#: A piece of a message.
Delta: TypeAlias = TextDelta | ThinkingDelta
DELTAS: Final[tuple[type[Delta], ...]] = get_args(Delta)
#: A whole message, which settles the deltas that it repeats.
FullEvent: TypeAlias = Text | Thinking
#: An event that no message extends past.
Boundary: TypeAlias = UserInput | ToolCall | ToolResult | Stop
Event: TypeAlias = Delta | FullEvent | Boundary | UnknownEvent

#: The kind of text in a delta, a full event or a message.
Kind: TypeAlias = Literal["text", "thinking"]

#: The class of each documented event, by its type on the wire.
EVENT_CLASSES: Final[Mapping[str, type[WireObject]]] = {
    cls.type: cls for cls in (*DELTAS, *get_args(FullEvent | Boundary))
}

#: The types that a field's value may have, for each type that isn't a class.
_TYPES: Final[Mapping[object, object]] = {
    float: int | float,
    object: object,
    Mapping[str, object]: Mapping | Undecoded,
    tuple[str, ...] | None: tuple | None,
}


@cache
def _field_types(cls: Any) -> tuple[tuple[str, Any], ...]:  # noqa: ANN401 - an event's class
    if not issubclass(cls, WireObject):
        return ()
    fields = documented_fields(cls).values()
    return tuple((each.name, _TYPES.get(each.type, each.type)) for each in fields)


def check_fields(event: Event) -> None:
    """Raise TypeError for an event, built by hand, with a field of a wrong type."""
    cls: Any = type(
        event
    )  # mypy takes a class whose values have a hash for one without
    for name, expected in _field_types(cls):
        value = getattr(event, name)
        if not isinstance(value, expected):
            kind = getattr(expected, "__name__", str(expected))
            where = f"{type(event).__name__}.{name.lstrip('_')}"
            advice = "Session.from_events takes JSON objects, wrong or not"
            raise wrong_type(value, f"{kind} as {where}", advice)
