"""What must be known of a whole log before its records are converted."""

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.claude_code.bookkeeping import is_bookkeeping
from replay_backends.formats.agent_logs.claude_code.branches import Tree
from replay_backends.formats.agent_logs.claude_code.entries import (
    CALLS,
    CHAIN,
    blocks_in,
    blocks_of,
    call_id_of,
    is_model_s,
    said_in,
)
from replay_backends.formats.agent_logs.claude_code.stream_events import (
    streamed_response,
)
from replay_backends.formats.agent_logs.claude_code.text_numbers import TextNumbers
from replay_backends.formats.members import object_in, text_in
from replay_backends.formats.recording import Record

#: The records that hold a title, and its key; the first kind there is wins.
_TITLES: Final = {
    "custom-title": "customTitle",
    "ai-title": "aiTitle",
    "summary": "summary",
}
_UNKNOWN: Final = (None, None)


@attrs.define
class Outline:
    """What must be known of a whole log before its records are converted.

    It knows the records by their numbers, from 0.
    """

    session_ids: dict[str, None] = attrs.field(factory=dict)  #: in order
    agent_id: str = ""  #: of the sub-agent whose log it is, or the last one in it
    version: str = ""
    is_known: bool = False  #: one of its records is of a known kind
    has_said: bool = False  #: one of them is of the conversation
    tools: dict[str, str] = attrs.field(factory=dict)  #: their names, by call id
    #: What was typed while the agent worked, and recorded as a prompt later.
    delivered: set[tuple[str, str]] = attrs.field(factory=set)
    tree: Tree = attrs.field(factory=Tree)
    _count: int = 0
    _last: TextNumbers = attrs.field(factory=TextNumbers)  # records, of responses
    _streamed: str = ""  # the response that the last event of a stream is of
    _origin: tuple[object, object] = _UNKNOWN  # of the last record
    _queued: set[tuple[str, str]] = attrs.field(factory=set)
    _titles: dict[str, str] = attrs.field(factory=dict)

    @property
    def title(self) -> str | None:
        """Return the session's title; None: the log has none."""
        return next(filter(None, map(self._titles.get, _TITLES)), None)

    def is_last(self, response: str, number: int) -> bool:
        """Tell whether no record of a response comes after one by its number.

        Without an id, each record is a response of its own.
        """
        return not response or self._last.get(response) <= number

    def see(self, record: Record) -> None:
        """Take in the next record."""
        number, value = self._count, record.value
        self._count += 1
        if not isinstance(value, dict):
            return
        origin = value.get("sessionId"), value.get("version")
        if origin != self._origin or origin == _UNKNOWN:
            self._origin = origin
            self._see_origin(value)
        kind = text_in(value, "type")
        self.is_known = self.is_known or kind in CHAIN or is_bookkeeping(value)
        if kind not in CHAIN or self.tree.add(number, value):
            self._see(number, record, kind)

    def _see_origin(self, value: Mapping[str, Any]) -> None:
        if found := text_in(value, "sessionId") or text_in(value, "session_id"):
            self.session_ids[found] = None
        version = text_in(value, "version") or text_in(value, "claude_code_version")
        self.version = version or self.version

    def _see(self, number: int, record: Record, kind: str) -> None:
        value = record.value
        match kind:
            case "user":
                self.has_said = True
                self.agent_id = text_in(value, "agentId") or self.agent_id
                if self._queued:
                    self.delivered |= self._queued & {_prompt_of(value)}
            case "assistant":
                self.has_said = True
                if is_model_s(value):
                    self._see_response(number, record)
            case "attachment":
                self._queued |= queued_in(value)
            case "stream_event":
                self._streamed = streamed_response(record, self._streamed)
                self._last[self._streamed] = number
            case _ if kind in _TITLES:
                self._titles[kind] = text_in(value, _TITLES[kind])

    def _see_response(self, number: int, record: Record) -> None:
        message = object_in(record.value, "message")
        self._last[text_in(message, "id")] = number
        for place, block in enumerate(blocks_of(message.get("content"))):
            if text_in(block, "type") in CALLS:
                call_id = call_id_of(record, block, place)
                self.tools[call_id] = intern(text_in(block, "name"))


def queued_in(value: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the prompt that an attachment queues, by which a later copy is known."""
    match value:
        case {"promptId": str(prompt_id), "attachment": {"prompt": prompt}}:
            return {(prompt_id, said_in(blocks_of(prompt)))}
    return set()


def _prompt_of(value: Mapping[str, Any]) -> tuple[str, str]:
    return text_in(value, "promptId"), said_in(blocks_in(value))


def outline_of(records: Iterable[Record]) -> Outline:
    """Return the outline of a log."""
    outline = Outline()
    for record in records:
        outline.see(record)
    return outline
