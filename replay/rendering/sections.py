"""A transcript in sections, and their rendering as lines of text or Markdown."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs
import msgspec

from replay.coalescing.transcripts import LazyTranscript
from replay.errors import EncodeError
from replay.model.diagnostics import Diagnostic
from replay.model.events import (
    Stop,
    ToolCall,
    ToolResult,
    UnknownEvent,
    Usage,
    UserInput,
    tool_payload,
)
from replay.model.json_text import is_deeper, write_json
from replay.model.messages import Message, Step, ToolExchange, Transcript, Turn
from replay.security.sanitization import escape_json, sanitize, sanitize_line

_ENCODE, _ENCODE_PRETTY = (
    json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent).encode
    for indent in (None, 2)
)

#: JSON that is longer and deeper isn't indented, which could make it 200 times as long.
_LARGE: Final = 1 << 14  # characters
_DEEP: Final = 12  # levels
_TOLD: Final = 10_000  # diagnostics in a section
_THOUSAND: Final = 1000  # bytes

Role: TypeAlias = Literal[
    "session",
    "turn",
    "user_input",
    "thinking",
    "text",
    "tool_call",
    "tool_result",
    "image_attachment",
    "unknown_event",
    "stop",
    "diagnostics",
]


_EMPTY: Final = '""'  # an empty name


def _lines(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sanitize_line(name) or _EMPTY for name in names)


@attrs.frozen
class Section:
    """A heading, and the recorded text under it.

    Only ``names`` and ``body`` hold recorded text, and it is sanitized.
    """

    role: Role
    label: str
    names: tuple[str, ...] = attrs.field(default=(), converter=_lines)  #: a line each
    notes: tuple[str, ...] = ()
    body: str = attrs.field(default="", converter=sanitize)  #: empty: there is none
    language: Literal["text", "json"] = "text"  #: of the body
    is_failure: bool = False  #: whether it says that a turn failed


def sections(
    transcript: Transcript | LazyTranscript, *, whole: bool = False
) -> Iterator[Section]:
    """Yield the sections of *transcript*, in order.

    Args:
        transcript: The transcript.
        whole: Whether records of other formats are shown, and not only their sizes.
    """
    title = () if transcript.title is None else (transcript.title,)
    yield Section("session", "Session", (transcript.session_id, *title))
    for number, turn in enumerate(transcript.turns, 1):
        is_failed = turn.status == "error"
        heading = f"Turn {number}"
        yield Section("turn", heading, notes=(turn.status,), is_failure=is_failed)
        yield from _turn(turn, whole=whole)
    told = map(_diagnostic, transcript.diagnostics)
    notes: tuple[str, ...] = ()
    while body := "\n".join(islice(told, _TOLD)):
        yield Section("diagnostics", "Diagnostics", notes=notes, body=body)
        notes = ("continued",)


def _turn(turn: Turn, *, whole: bool) -> Iterator[Section]:
    yield _user_input(turn.user_input)
    for step in turn.steps:
        if isinstance(step, UnknownEvent) and not whole and step.foreign_type:
            yield _foreign_event(step.foreign_type, step)
        else:
            yield from _step(step)
    if turn.stop is not None:
        yield from _stop(turn.stop)


def _user_input(event: UserInput | None) -> Section:
    if event is None:
        return Section("user_input", "User input", notes=("not recorded",))
    notes = () if event.content else ("empty",)
    return Section("user_input", "User input", notes=notes, body=event.content)


def _step(step: Step) -> Iterator[Section]:
    if isinstance(step, ToolExchange):
        yield from _exchange(step)
    else:
        yield _message(step) if isinstance(step, Message) else _unknown_event(step)


def _unknown_event(event: UnknownEvent) -> Section:
    names = (event.reason,) if event.reason else ()
    body = _pretty(event.as_object())
    return Section("unknown_event", "Unknown event", names, body=body, language="json")


def _foreign_event(kind: str, event: UnknownEvent) -> Section:
    size = len(write_json(event.as_object()))
    return Section("unknown_event", "Unknown event", (kind,), (_size(size),))


def _size(count: int) -> str:
    """Return a number of bytes as people say it.

    >>> _size(999), _size(3210), _size(99_999), _size(1_234_567)
    ('999 B', '3.2 kB', '100 kB', '1.2 MB')
    """
    size, unit, larger = float(count), "B", ["GB", "MB", "kB"]
    while larger and round(size) >= _THOUSAND:
        size, unit = size / _THOUSAND, larger.pop()
    is_exact = unit == "B" or size >= _THOUSAND / 100
    return f"{size:.0f} {unit}" if is_exact else f"{size:.1f} {unit}"


def _message(message: Message) -> Section:
    label = "Text" if message.kind == "text" else "Thinking"
    notes = () if message.complete else ("incomplete",)
    if not message.content:
        notes = (*notes, "empty")
    return Section(message.kind, label, notes=notes, body=message.content)


def _exchange(exchange: ToolExchange) -> Iterator[Section]:
    if exchange.call is not None and exchange.status != "late":
        yield _call(exchange.call, is_resolved=bool(exchange.results))
    notes = {
        "late": ("answers a call of an earlier turn",),
        "orphan": ("answers no known call",),
    }.get(exchange.status, ())
    for result in exchange.results:
        yield from _result(result, notes)


def _call(call: ToolCall, *, is_resolved: bool) -> Section:
    return Section(
        "tool_call",
        "Tool call",
        (call.name, call.call_id),
        () if is_resolved else ("no result",),
        _compact(tool_payload(call)),
        "json",
    )


def _result(result: ToolResult, notes: tuple[str, ...]) -> Iterator[Section]:
    names = (result.name, result.call_id)
    value = tool_payload(result)
    if isinstance(value, str):
        if not value:
            notes = (*notes, "empty")
        yield Section("tool_result", "Tool result", names, notes, value)
    else:
        body = _pretty(value)
        yield Section("tool_result", "Tool result", names, notes, body, "json")
    if (image := result.image_attachment) is not None:
        names = (image.attachment_name, image.source_id)
        yield Section("image_attachment", "Image attachment", names)


def _stop(stop: Stop) -> Iterator[Section]:
    notes = (*(("error",) if stop.is_error else ()), *_usage(stop.usage))
    is_failed, error = stop.is_error, stop.error or ""
    yield Section("stop", "Stop", notes=notes, body=error, is_failure=is_failed)
    if stop.skipped_index_ids:
        yield Section("stop", "Skipped indexes", stop.skipped_index_ids)


def _usage(usage: Usage) -> Iterator[str]:
    yield f"{usage.turns} round {'trip' if usage.turns == 1 else 'trips'}"
    if usage.duration_ms:
        yield f"{usage.duration_ms} ms"
    if usage.total_input_tokens is not None:
        yield f"{usage.total_input_tokens} input tokens"
    if usage.total_output_tokens is not None:
        yield f"{usage.total_output_tokens} output tokens"


def _diagnostic(diagnostic: Diagnostic) -> str:
    place = "document" if diagnostic.index is None else f"event {diagnostic.index}"
    return f"{place}: {diagnostic.code}: {sanitize_line(diagnostic.detail)}"


def _pretty(value: object) -> str:
    try:
        text = _written(value, _ENCODE)
        if len(text) > _LARGE and is_deeper(value, _DEEP):
            return escape_json(text)
        text = msgspec.json.format(text, indent=2)  # json's is slow
    except (UnicodeEncodeError, RecursionError):  # a lone surrogate; too deep
        text = _written(value, _ENCODE_PRETTY)
    return escape_json(text)


def _compact(value: object) -> str:
    return escape_json(_written(value, _ENCODE))


def _written(value: object, encode: Callable[[object], str]) -> str:
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"cannot be shown as JSON: {error}"
        raise EncodeError(reason) from error


INDENT: Final = "    "


@attrs.frozen
class Line:
    """One line of a transcript, with what a terminal needs to colour it."""

    role: Role | None  #: its section's; None: a blank line between sections
    text: str  #: safe to show; no line feed
    is_heading: bool = False  #: whether it is a heading, which begins at the margin
    is_failure: bool = False  #: whether it says that a turn failed


_BLANK: Final = Line(None, "")


def lines(
    transcript: Transcript | LazyTranscript, *, whole: bool = False
) -> Iterator[Line]:
    """Yield the lines of *transcript*, in order, as :func:`text_pieces` does."""
    for number, section in enumerate(sections(transcript, whole=whole)):
        if number:
            yield _BLANK
        line = partial(Line, section.role, is_failure=section.is_failure)
        yield line(_heading(section), is_heading=True)
        if section.body:
            for text in section.body.split("\n"):
                yield line(INDENT + text if text else "")


def text_pieces(
    transcript: Transcript | LazyTranscript, *, whole: bool = False
) -> Iterator[str]:
    """Yield *transcript* as text, piece by piece.

    Only headings begin at the margin; recorded text is indented by four spaces, or
    follows the colon of a heading, in quotes if it could be taken for our notes. Tool
    results are shown unchanged if they are strings, otherwise as JSON. Nothing is
    shortened, but of a record of another format only the size is shown unless *whole*.
    """
    for number, section in enumerate(sections(transcript, whole=whole)):
        blank = "\n" if number else ""
        yield f"{blank}{_heading(section)}\n{_indented(section.body)}"


def _indented(body: str) -> str:
    if not body:
        return ""
    if "\n\n" not in body and body[0] != "\n" != body[-1]:  # the fast way
        return INDENT + body.replace("\n", "\n" + INDENT) + "\n"
    return "".join(f"{INDENT}{text}\n" if text else "\n" for text in body.split("\n"))


_AMBIGUOUS: Final = re.compile(r'^"|, | \(|\)$')  # like our commas and notes


def _heading(section: Section) -> str:
    is_free_text = section.role in ("session", "unknown_event")  # and has no notes
    shown = section.names if is_free_text else map(_name, section.names)
    names = f": {', '.join(shown)}" if section.names else ""
    notes = f" ({', '.join(section.notes)})" if section.notes else ""
    return section.label + names + notes


def _name(name: str) -> str:
    if name == _EMPTY or not _AMBIGUOUS.search(name):
        return name
    return '"{}"'.format(name.replace('"', '\\"'))


_LEVELS: Final[Mapping[Role, int]] = MappingProxyType(
    {"session": 1, "turn": 2, "diagnostics": 2}
)
_BACKTICKS: Final = re.compile("`+")


def markdown_pieces(
    transcript: Transcript | LazyTranscript, *, whole: bool = False
) -> Iterator[str]:
    """Yield *transcript* as CommonMark, piece by piece, of as much as the text has.

    Recorded text appears, word for word, in a fenced block or in a code span of a
    heading; none of it is read as Markdown or HTML. A long line is continued on the
    next one after a space, unless it is JSON.

    Source: CommonMark 0.31.2, sections 4.5 (fences) and 6.1 (code spans).
    """
    for number, section in enumerate(sections(transcript, whole=whole)):
        yield "\n" + _markdown(section) if number else _markdown(section)


def _markdown(section: Section) -> str:
    level = "#" * _LEVELS.get(section.role, 3)
    names = f": {', '.join(map(_code_span, section.names))}" if section.names else ""
    notes = f" ({', '.join(section.notes)})" if section.notes else ""
    heading = f"{level} {section.label}{names}{notes}\n"
    return f"{heading}\n{_fenced(section)}" if section.body else heading


def _code_span(line: str) -> str:
    fence = "`" * _shortest_absent_run(line)
    is_edged = line[0] in "` " or line[-1] in "` "
    padding = " " if is_edged and line.strip(" ") else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _fenced(section: Section) -> str:
    longest = max(map(len, _BACKTICKS.findall(section.body)), default=0)
    fence = "`" * max(3, longest + 1)
    body = section.body if section.language == "json" else _wrapped(section.body)
    return f"{fence}{section.language}\n{body}\n{fence}\n"


_WIDTH: Final = 80  # characters; viewers of Markdown don't wrap what is in a fence
_LONG: Final = re.compile(rf"^.{{{_WIDTH + 1},}}$", re.MULTILINE)
#: Characters of languages that are written without spaces.
_NO_SPACES: Final = r"\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
_PIECE: Final = re.compile(
    rf".{{1,{_WIDTH}}}$|.{{0,{_WIDTH - 1}}}[ {_NO_SPACES}]|[^ {_NO_SPACES}]+ ?"
)


def _wrapped(text: str) -> str:
    return _LONG.sub(lambda line: "\n".join(_PIECE.findall(line[0])), text)


def _shortest_absent_run(text: str) -> int:
    """Return the length of the shortest run of backticks that *text* does not hold."""
    runs = {len(run) for run in _BACKTICKS.findall(text)}
    return next(length for length in range(1, len(runs) + 2) if length not in runs)
