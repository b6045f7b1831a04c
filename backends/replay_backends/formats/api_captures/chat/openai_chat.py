"""OpenAI's chat completions: streams of them, stored ones and lists of messages.

Read on with ``chat_messages`` for what is whole and ``chat_chunks`` for streams. Both
use ``chat_calls`` for tool calls, ``chat_response`` for tokens and ends, and
``model_run`` for the run.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import attrs

from replay import ConversionReport
from replay.authoring import BrokenText
from replay_backends.formats.api_captures.chat.chat_calls import OpenCalls
from replay_backends.formats.api_captures.chat.chat_chunks import ChunkConverter
from replay_backends.formats.api_captures.chat.chat_messages import MessageConverter
from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.head import Head
from replay_backends.formats.recording import Fate, Record, Recording, records_in

#: The members that a list of messages may be under.
_LISTS: Final = ("messages", "history")
#: What messages of other APIs don't have.
_OUR_MEMBERS: Final = frozenset({"tool_calls", "tool_call_id"})
_OUR_ROLES: Final = ("tool", "developer")
_ROLES: Final = ("system", "user", "assistant", "function", *_OUR_ROLES)
_ANTHROPIC: Final = frozenset({"tool_use", "tool_result", "thinking"})


class OpenAIChat:
    """Captures of the API for chat completions, and of those that are like it."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        records = [head.members] if head.layout == "object" else head.records
        return (
            any(map(_is_response, records))
            or any(_are_messages(_list_in(each)[1]) for each in records)
            or _are_messages(head.records)
        )

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted; a line with a list of messages is one."""
        head, session_id = recording.head, recording.session_id
        if head.layout == "lines" and any(_list_in(each)[1] for each in head.records):
            lines = recording.lines(ConversionReport(""))
            for number, line in enumerate(lines, 1):
                name = f"{session_id}-{number}" if number > 1 else session_id
                yield Conversion(name, partial(_records_on, line), Converter)
        elif _are_lines(head):
            yield Conversion(session_id, recording.lines, Converter)
        else:
            yield Conversion(session_id, partial(_document, recording), Converter)


@attrs.define
class Converter:
    """A converter of messages, responses and chunks, in whatever order they are."""

    _build: EventBuilder
    _run: Run = attrs.field(init=False)
    _messages: MessageConverter = attrs.field(init=False)
    _chunks: ChunkConverter = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the converters of each kind of record, which share a run."""
        self._run = Run(self._build)
        calls = OpenCalls(self._run)
        self._messages = MessageConverter(self._run, calls)
        self._chunks = ChunkConverter(self._run, calls)

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record; return what became of it, and its kind."""
        if isinstance(record, _Parameters):
            self._build.see_time(record.value.get("timestamp"))
            return self._build.skip(record, "request")
        return self._run.convert(self._convert, record)

    def end(self) -> None:
        """Add the events that were held back, after the last record."""
        self._run.close(self._chunks.end)

    def _convert(self, record: Record) -> tuple[Fate, str]:
        value = record.value
        if isinstance(value, BrokenText):
            if value.code == "torn-line":  # nothing follows it
                self._chunks.end()
            return self._build.keep_whole(record, "line")
        match value:
            case {"role": str()}:
                self._chunks.end()
                return self._messages.convert(record)
            case dict() if _is_chunk(value):
                return self._chunks.convert(record)
            case {"choices": [{"message": dict()}, *_]}:
                self._chunks.end()
                return self._messages.convert_response(record)
        return self._build.keep_whole(record, "record")


@attrs.frozen
class _Parameters(Record):
    """What a request holds besides its messages."""


def _is_chunk(value: Mapping[str, Any]) -> bool:
    """Tell whether a record is a chunk, or the error in place of one."""
    match value:
        case {"object": "chat.completion.chunk"} | {"choices": [{"delta": dict()}, *_]}:
            return True
        case {"choices": [{"message": dict()}, *_]}:
            return False
        case {"choices": [*_] | None}:
            return True
    error = value.get("error")
    return bool(error) and isinstance(error, dict | str)


def _is_response(value: Mapping[str, Any]) -> bool:
    """Tell whether a record is a response, or a chunk of one."""
    kind = value.get("object")
    if isinstance(kind, str) and kind.startswith("chat.completion"):
        return True
    match value.get("choices"):
        case [{"delta": dict()} | {"message": dict()}, *_]:
            return True
    return False


def _are_messages(records: Sequence[object]) -> bool:
    """Tell whether records are messages of a chat."""
    messages = [each for each in records if isinstance(each, dict)]
    if not messages or not all(map(_is_message, messages)):
        return False
    if all("type" in each for each in messages):
        return False  # they are items of the Responses API
    if any("toolInvocations" in each for each in messages):
        return False  # they are messages of version 4 of the Vercel AI SDK
    if not any(each["role"] in _ROLES and "content" in each for each in messages):
        return False  # they may be anything with a role, such as users
    if any(
        each["role"] in _OUR_ROLES or not _OUR_MEMBERS.isdisjoint(each)
        for each in messages
    ):
        return True
    blocks = [
        block.get("type")
        for each in messages
        if isinstance(content := each.get("content"), list)
        for block in content
        if isinstance(block, dict)
    ]
    return not any(kind in _ANTHROPIC for kind in blocks if isinstance(kind, str))


def _is_message(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("role"), str) and "parts" not in value


def _list_in(value: Any) -> tuple[str, list[Any]]:  # noqa: ANN401 - JSON
    """Return the list of messages in a request, and its key; empty: there is none."""
    for key in _LISTS if isinstance(value, dict) else ():
        messages = value.get(key)
        if isinstance(messages, list) and any(
            isinstance(each, dict) and _is_message(each) for each in messages
        ):
            return key, messages
    return "", []


def _are_lines(head: Head) -> bool:
    """Tell whether each line is a record; a single one may be cut off."""
    if head.layout == "object":
        is_small = head.is_whole and not _list_in(head.members)[1]
        return is_small and "\n" not in head.text.rstrip()
    return head.layout != "list"


def _document(recording: Recording, _: ConversionReport) -> Iterator[Record]:
    """Yield the records of the only JSON value."""
    return _records_in(recording.document(), "")


def _records_on(line: Record, report: ConversionReport) -> Iterator[Record]:
    """Yield the records of a line."""
    if isinstance(line.value, BrokenText):
        report.note(line.value.code, line.at, "changed")
    return _records_in(line.value, line.at)


def _records_in(value: Any, at: str) -> Iterator[Record]:  # noqa: ANN401 - JSON
    """Yield the records of a list, of a request with its response, or the only one."""
    key, messages = _list_in(value)
    if isinstance(value, list):
        yield from records_in(value, at)
    elif key:
        rest = {name: each for name, each in value.items() if name != key}
        response = rest.get("response")
        if isinstance(response, dict) and _is_response(response):
            del rest["response"]
        else:
            response = None
        if rest:
            yield _Parameters(at, rest)
        yield from records_in(messages, f"{at}/{key}")
        if response:
            yield Record(f"{at}/response", response)
    else:
        yield Record(at, value)
