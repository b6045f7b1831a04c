"""What must be known of a whole log before its records are converted."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.claude_code.bookkeeping import is_bookkeeping
from replay_backends.formats.agent_logs.claude_code.branches import Tree
from replay_backends.formats.agent_logs.claude_code.entries import (
    CALLS,
    CHAIN,
    HARNESS,
    blocks_of,
    call_id_of,
    message_of,
    response_key,
    said_in,
    text_of,
)
from replay_backends.formats.agent_logs.claude_code.stream_events import (
    streamed_response,
)
from replay_backends.formats.recording import Record

#: The records that hold a title, and its key; the first kind there is wins.
_TITLES: Final = {
    "custom-title": "customTitle",
    "ai-title": "aiTitle",
    "summary": "summary",
}
_INPUT: Final = (
    "input_tokens",  # only those that were in no cache
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)


@attrs.define
class Response:
    """A model's response, which is spread over records."""

    usage: Mapping[str, Any] = attrs.field(factory=dict)  #: as recorded
    stop_reason: str | None = None
    last_at: str = ""  #: the place of its last record

    def see(self, message: Mapping[str, Any]) -> None:
        """Take in a record's message; the usage with the most output is the final one.

        The others are what the response began with.
        """
        self.stop_reason = text_of(message, "stop_reason") or self.stop_reason
        usage = message.get("usage")
        if isinstance(usage, dict) and _output(usage) >= _output(self.usage):
            self.usage = {**self.usage, **usage}


def input_tokens(usage: Mapping[str, Any]) -> int | None:
    """Return the tokens of the input, cached or not; None: not recorded."""
    counts = [usage.get(key) for key in _INPUT]
    known = [each for each in counts if isinstance(each, int)]
    return sum(known) if known else None


def _output(usage: Mapping[str, Any]) -> int:
    count = usage.get("output_tokens")
    return count if isinstance(count, int) else 0


@attrs.define
class Outline:
    """What must be known of a whole log before its records are converted."""

    session_id: str = ""  #: empty: not recorded
    agent_id: str = ""  #: of the sub-agent whose log it is, or the last one in it
    version: str = ""
    is_known: bool = False  #: one of its records is of a known kind
    is_sidechain: bool = True  #: all of it is a sub-agent's
    responses: dict[str, Response] = attrs.field(factory=dict)
    calls: dict[str, list[str]] = attrs.field(factory=dict)  #: by the record's uuid
    tools: dict[str, str] = attrs.field(factory=dict)  #: their names, by call id
    repeated: set[str] = attrs.field(factory=set)  #: places of repeated records
    #: What was typed while the agent worked, and recorded as a prompt later.
    delivered: set[tuple[str, str]] = attrs.field(factory=set)
    tree: Tree = attrs.field(factory=Tree)
    _streamed: str = ""  # the response that the last event of a stream is of
    _queued: set[tuple[str, str]] = attrs.field(factory=set)
    _titles: dict[str, str] = attrs.field(factory=dict)

    @property
    def title(self) -> str | None:
        """Return the session's title; None: the log has none."""
        return next(filter(None, map(self._titles.get, _TITLES)), None)

    def see(self, record: Record) -> None:
        """Take in the next record."""
        value = record.value
        if not isinstance(value, dict):
            return
        kind = text_of(value, "type")
        found = text_of(value, "sessionId") or text_of(value, "session_id")
        self.session_id = self.session_id or found
        version = text_of(value, "version") or text_of(value, "claude_code_version")
        self.version = version or self.version
        self.is_known |= kind in CHAIN or is_bookkeeping(value)
        if kind in CHAIN and not self.tree.add(record):
            self.repeated.add(record.at)
        else:
            self._see(record, value, kind)

    def _see(self, record: Record, value: dict[str, Any], kind: str) -> None:
        match kind:
            case "user":
                self._see_side(value)
                said = said_in(blocks_of(message_of(value)))
                self.delivered |= self._queued & {(text_of(value, "promptId"), said)}
            case "assistant":
                self._see_side(value)
                self._see_response(record)
            case "attachment":
                self._queued |= queued_in(value)
            case "stream_event":
                self._see_stream_event(record)
            case _ if kind in _TITLES:
                self._titles[kind] = text_of(value, _TITLES[kind])

    def _see_side(self, value: Mapping[str, Any]) -> None:
        self.is_sidechain &= bool(value.get("isSidechain"))
        self.agent_id = text_of(value, "agentId") or self.agent_id

    def _see_response(self, record: Record) -> None:
        message = message_of(record.value)
        if message.get("model") == HARNESS:
            return
        response = self.responses.setdefault(response_key(record), Response())
        response.see(message)
        response.last_at = record.at
        uuid = text_of(record.value, "uuid")
        for number, block in enumerate(blocks_of(message)):
            if text_of(block, "type") in CALLS:
                call_id = call_id_of(record, block, number)
                self.tools[call_id] = text_of(block, "name")
                self.calls.setdefault(uuid, []).append(call_id)

    def _see_stream_event(self, record: Record) -> None:
        self._streamed = streamed_response(record, self._streamed)
        if not self._streamed:
            return
        response = self.responses.setdefault(self._streamed, Response())
        response.last_at = record.at
        match record.value.get("event"):
            case {"type": "message_start", "message": dict(message)}:
                response.see(message)
            case {"type": "message_delta", "delta": dict(delta), "usage": usage}:
                response.see({**delta, "usage": usage})


def queued_in(value: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the prompt that an attachment queues, by which a later copy is known."""
    match value:
        case {"promptId": str(prompt_id), "attachment": {"prompt": prompt}}:
            return {(prompt_id, said_in(blocks_of({"content": prompt})))}
    return set()


def outline_of(records: Iterable[Record]) -> Outline:
    """Return the outline of a log."""
    outline = Outline()
    for record in records:
        outline.see(record)
    return outline
