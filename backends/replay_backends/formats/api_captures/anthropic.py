"""Anthropic's Messages API: streams of events, stored messages, lists of messages.

Read on with ``anthropic_blocks`` for what is whole, and ``model_run`` for the ends of
runs and their tokens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Final

import attrs

from replay import ConversionReport
from replay_backends.formats.api_captures.anthropic_blocks import (
    CALLS,
    Blocks,
    Response,
)
from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.head import Head
from replay_backends.formats.members import int_in, object_in, rest_of, text_in
from replay_backends.formats.message_parts import parts_of
from replay_backends.formats.recording import Fate, Record, Recording, records_in

#: The types of a stream's records that tell what it is, and what they hold.
_SIGNS: Final = {
    "message_start": "message",
    "content_block_start": "content_block",
    "content_block_delta": "delta",
}
_BLOCKS: Final = ("tool_use", "tool_result", "thinking")
_OPENAI_KEYS: Final = ("tool_calls", "tool_call_id", "parts")
_OPENAI_ROLES: Final = ("tool", "developer")
_SAID: Final = ("text", "thinking")


class AnthropicMessages:
    """Captures of Anthropic's Messages API."""

    prefix: ClassVar = "anthropic-messages"

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        if head.layout == "list":
            return _are_messages(head.records)
        return _is_document(head.members) or any(
            isinstance(each.get(_SIGNS.get(text_in(each, "type"), "")), dict)
            for each in (head.members, *head.records)
        )

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted."""
        head, records = recording.head, recording.lines
        if head.layout == "list" or _is_document(head.members):
            records = partial(_records_in, recording.document())
        yield Conversion(recording.session_id, records, Converter)


def _is_document(members: Mapping[str, Any]) -> bool:
    match members:
        case {"type": "message", "role": "assistant", "content": list()}:
            return True
        case {"messages": list(messages)}:
            return _are_messages(messages)
        case _:
            return False


def _are_messages(values: Iterable[object]) -> bool:
    """Tell whether values are messages, and one surely is Anthropic's."""
    is_sure = False
    for each in values:
        if not isinstance(each, dict) or not isinstance(each.get("role"), str):
            return False
        if each["role"] in _OPENAI_ROLES or any(key in each for key in _OPENAI_KEYS):
            return False
        is_sure |= any(
            block.get("type") in _BLOCKS for block in parts_of(each.get("content"))
        )
    return is_sure


def _records_in(value: Any, _: ConversionReport) -> Iterator[Record]:  # noqa: ANN401 - JSON
    """Yield the records of a document: the system prompt and the messages."""
    if isinstance(value, dict) and "messages" not in value:
        yield Record("", value)
        return
    at, messages = "", value
    if isinstance(value, dict):
        at, messages = "/messages", value["messages"]
        if value.get("system"):
            yield Record("/system", value["system"])
    yield from records_in(messages, at)


@attrs.define
class _Block:
    """A block of a stream that isn't finished."""

    block: dict[str, Any]
    pieces: list[str] = attrs.field(factory=list)  #: of its input
    citations: list[object] = attrs.field(factory=list)  #: of the text to come
    rest: dict[str, Any] = attrs.field(factory=dict)  #: for its first delta to keep

    @property
    def partial(self) -> dict[str, object]:
        """Return it as it is."""
        return {"block": self.block, "partial": "".join(self.pieces)}


class Converter:
    """A converter of a stream's events, or of messages."""

    def __init__(self, build: EventBuilder) -> None:
        self._build = build
        self._run = Run(build, "blocks-joined")
        self._whole = Blocks(self._run)
        self._response: Response | None = None  # the one that is being sent
        self._blocks: dict[int | None, _Block] = {}  # by index
        self._handlers: dict[str, Callable[[Record], tuple[Fate, str]]] = {
            "message_start": self._start,
            "content_block_start": self._open,
            "content_block_delta": self._delta,
            "content_block_stop": self._close,
            "message_delta": self._ending,
            "message_stop": self._stop,
            "error": self._error,
            "message": self._stored,
        }

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        return self._run.convert(self._convert, record)

    def end(self) -> None:
        """Add what was held back."""
        self._run.close(self._break_off)

    def _break_off(self) -> None:
        self._cut()
        if self._response and self._response.stop_reason:
            self._response.end(self._run)
        elif self._response:
            self._run.count(*self._response.tokens)

    def _convert(self, record: Record) -> tuple[Fate, str]:
        value = record.value
        if record.at == "/system":
            return self._build.keep_whole(record, "system")
        if not isinstance(value, dict):
            kind = "line" if record.at.startswith("line:") else "message"
            return self._build.keep_whole(record, kind)
        kind = text_in(value, "type")
        if handler := self._handlers.get(kind):
            return handler(record)
        if kind == "ping":
            return self._build.skip(record, kind)
        if "role" in value:
            return self._whole.message(record, value)
        return self._build.keep_whole(record, kind or "untyped")

    def _stored(self, record: Record) -> tuple[Fate, str]:
        """Convert a message; it has an end if it is what the API answered."""
        message = record.value
        if message.get("role") != "assistant":
            return self._whole.message(record, message)
        response = Response.of(message)
        self._run.begin(response.origin)
        for block in parts_of(message.get("content")):
            self._whole.convert(block)
        if response.stop_reason:
            response.end(self._run)
        return "mapped", "message"

    def _start(self, record: Record) -> tuple[Fate, str]:
        message = object_in(record.value, "message")
        if self._response:
            self._build.note("restarted-message")
        self._cut()
        self._response = Response.of(message)
        self._run.begin(self._response.origin)
        for block in parts_of(message.get("content")):
            self._whole.convert(block)
        return "mapped", "message_start"

    def _open(self, record: Record) -> tuple[Fate, str]:
        index, block = int_in(record.value, "index"), record.value.get("content_block")
        if not isinstance(block, dict):
            return self._unreadable(record)
        self._keep_unfinished(self._blocks.get(index))
        self._blocks[index] = _Block(block)
        kind = text_in(block, "type")
        if kind in _SAID:
            rest = rest_of(block, "type", kind)
            self._blocks[index].rest = {k: v for k, v in rest.items() if v}
            if text := text_in(block, kind):
                self._run.delta(kind, text, self._rest(index), index)
        return "mapped", "content_block_start"

    def _delta(self, record: Record) -> tuple[Fate, str]:
        index = int_in(record.value, "index")
        delta: Any = record.value.get("delta")  # JSON
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                kept = self._rest(index) | rest_of(delta, "type", "text")
                self._run.delta("text", text, kept, index)
            case {"type": "thinking_delta", "thinking": str(text)}:
                kept = self._rest(index) | rest_of(delta, "type", "thinking")
                self._run.delta("thinking", text, kept, index)
            case {"type": "input_json_delta", "partial_json": str(text)}:
                self._block(index).pieces.append(text)
            case {"type": "citations_delta", "citation": citation}:
                self._block(index).citations.append(citation)
            case {"type": "compaction_delta"}:
                _append(self._block(index).block, rest_of(delta, "type"))
            case {"type": "signature_delta"}:
                return self._build.skip(record, "signature_delta")
            case {"type": str(kind)}:
                return self._build.keep_whole(record, kind)
            case _:
                return self._unreadable(record)
        return "mapped", "content_block_delta"

    def _block(self, index: int | None) -> _Block:
        return self._blocks.setdefault(index, _Block({}))

    def _rest(self, index: int | None) -> dict[str, Any]:
        """Return what came before a block's next text, for that to keep."""
        block = self._blocks.get(index)
        if not block:
            return {}
        rest, block.rest = block.rest, {}
        if block.citations:
            rest["citations"], block.citations = block.citations, []
        return rest

    def _close(self, record: Record) -> tuple[Fate, str]:
        index = int_in(record.value, "index")
        open_block = self._blocks.pop(index, None)
        if open_block is None:
            return self._build.skip(record, "content_block_stop")
        block, kind = open_block.block, text_in(open_block.block, "type")
        if open_block.citations:
            self._build.keep("citations", open_block.citations)
        if kind in CALLS:
            arguments = "".join(open_block.pieces) or block.get("input")
            self._whole.call(block, arguments)
            return "mapped", "content_block_stop"
        if kind in _SAID:
            return "mapped", "content_block_stop"
        if open_block.pieces or not kind:
            self._build.keep("incomplete-block", open_block.partial)
            return "kept", "incomplete-block"
        return self._whole.convert(block)

    def _ending(self, record: Record) -> tuple[Fate, str]:
        response = self._response = self._response or Response()
        value, delta = record.value, object_in(record.value, "delta")
        response.see(
            delta | rest_of(value, "type", "delta", "usage"), value.get("usage")
        )
        return "mapped", "message_delta"

    def _stop(self, _: Record) -> tuple[Fate, str]:
        self._cut()
        (self._response or Response()).end(self._run)
        self._response = None
        return "mapped", "message_stop"

    def _error(self, record: Record) -> tuple[Fate, str]:
        error = object_in(record.value, "error")
        message = text_in(error, "message") or "error"
        self._cut()
        if self._response:
            self._response.see({"error": error}, None)
            self._response.end(self._run, message)
        else:
            self._run.end(message, {"error": error}, goes_on=False)
        self._response = None
        return "mapped", "error"

    def _unreadable(self, record: Record) -> tuple[Fate, str]:
        self._build.note("missing-field")
        return self._build.keep_whole(record, text_in(record.value, "type"))

    def _cut(self) -> None:
        """Keep the calls and other blocks that weren't finished."""
        for block in self._blocks.values():
            self._keep_unfinished(block)
        self._blocks.clear()

    def _keep_unfinished(self, block: _Block | None) -> None:
        if block and text_in(block.block, "type") not in _SAID:
            self._build.keep("incomplete-block", block.partial)


def _append(block: dict[str, Any], pieces: Mapping[str, object]) -> None:
    """Append texts to the members of a block."""
    for key, piece in pieces.items():
        if isinstance(piece, str):
            block[key] = text_in(block, key) + piece
