"""The messages and calls of an AG-UI stream, which arrive in pieces."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import attrs

from replay_backends.formats.api_captures.ag_ui.ag_ui_conversation import (
    Conversation,
    kept_of,
)
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Fate


@attrs.define
class _Open:
    """A message or a call that is being streamed."""

    name: str  #: the message's role, or the tool
    kept: dict[str, Any] = attrs.field(factory=dict)
    parts: list[str] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)


class Streamed:
    """The messages and calls that are being streamed.

    Args:
        build: What unfinished ones are added to.
        said: What all others are added to.
    """

    def __init__(self, build: EventBuilder, said: Conversation) -> None:
        self.chunk: tuple[str, str] | None = None  #: the open one's type and id
        self._build = build
        self._said = said
        self._messages: dict[str, _Open] = {}  # by id
        self._calls: dict[str, _Open] = {}
        self._thoughts = 0  # messages of reasoning without an id

    def convert(self, kind: str, value: dict[str, Any]) -> Fate:
        """Convert a record of a kind that is in the table below."""
        return self.CONVERT[kind](self, value)

    def _start_text(self, value: dict[str, Any]) -> Fate:
        message_id = self._said.required(value, "messageId")
        self._drop_message(message_id)
        role = text_in(value, "role") or "assistant"
        kept = kept_of(value, "delta", "role")
        self._messages[message_id] = _Open(role, kept)
        return _fate_of_role(role)

    def _text(self, value: dict[str, Any]) -> Fate:
        message_id = self._said.required(value, "messageId")
        if (delta := self._said.delta_in(value)) is None:
            return "kept"
        message = self._messages.setdefault(message_id, _Open("assistant"))
        message.parts.append(delta)
        if message.name != "assistant":
            return _fate_of_role(message.name)
        if not delta:
            return "skipped"
        self._said.say("text", message_id, delta, kept_of(value, "delta"))
        return "mapped"

    def _end_text(self, value: dict[str, Any]) -> Fate:
        return self._close_message(text_in(value, "messageId"))

    def _close_message(self, message_id: str) -> Fate:
        message = self._messages.pop(message_id, _Open("assistant"))
        history = self._said.history
        if message.name == "assistant" and message.parts:
            history.say("text", message.text)
        elif message.name == "user":
            history.see("user", message_id)
            history.say("user", message.text)
            self._said.prompt(message.text, message.kept)
        return _fate_of_role(message.name)

    def _text_chunk(self, value: dict[str, Any]) -> Fate:
        value = self._as_chunk("TEXT_MESSAGE_CHUNK", value, "messageId")
        fate: Fate = "mapped"
        if value["messageId"] not in self._messages:
            fate = self._start_text(value)
        return fate if value.get("delta") is None else self._text(value)

    def _thinking(self, value: dict[str, Any]) -> Fate:
        return self._think(self._said.required(value, "messageId"), value)

    def _think(self, message_id: str, value: dict[str, Any]) -> Fate:
        if not (delta := self._said.delta_in(value)):
            return "kept" if delta is None else "skipped"
        self._said.say("thinking", message_id, delta, kept_of(value, "delta"))
        return "mapped"

    def _thinking_chunk(self, value: dict[str, Any]) -> Fate:
        value = self._as_chunk("REASONING_MESSAGE_CHUNK", value, "messageId")
        return "skipped" if value.get("delta") is None else self._thinking(value)

    def _start_thought(self, _: dict[str, Any]) -> Fate:
        self._thoughts += 1
        return "skipped"

    def _thought(self, value: dict[str, Any]) -> Fate:
        return self._think(f"thought {self._thoughts}", value)

    def _start_call(self, value: dict[str, Any]) -> Fate:
        call_id = self._said.required(value, "toolCallId")
        self._drop_call(call_id)
        name = self._said.required(value, "toolCallName")
        kept = kept_of(value, "toolCallId", "toolCallName", "delta")
        self._calls[call_id] = _Open(name, kept)
        return "mapped"

    def _arguments(self, value: dict[str, Any]) -> Fate:
        call = self._calls.get(text_in(value, "toolCallId"))
        delta = self._said.delta_in(value)
        if call is None or delta is None:
            return "kept"
        call.parts.append(delta)
        return "mapped"

    def _end_call(self, value: dict[str, Any]) -> Fate:
        call_id = text_in(value, "toolCallId")
        if call_id in self._calls:
            self._close_call(call_id)
            return "mapped"
        return "skipped" if self._said.history.has_seen("call", call_id) else "kept"

    def _close_call(self, call_id: str) -> None:
        if call := self._calls.pop(call_id, None):
            self._said.history.see("call", call_id)
            self._said.history.say("call", call.name, call.text)
            self._said.call(call_id, call.name, call.text, call.kept)

    def _call_chunk(self, value: dict[str, Any]) -> Fate:
        value = self._as_chunk("TOOL_CALL_CHUNK", value, "toolCallId")
        if value["toolCallId"] not in self._calls:
            self._start_call(value)
        return "mapped" if value.get("delta") is None else self._arguments(value)

    def _answer(self, value: dict[str, Any]) -> Fate:
        call_id = self._said.required(value, "toolCallId")
        self._close_call(call_id)
        content = value.get("content")
        self._said.history.see("result", text_in(value, "messageId"))
        self._said.history.answer(call_id, content)
        self._said.result(call_id, content, kept_of(value, "toolCallId", "content"))
        return "mapped"

    def _as_chunk(self, kind: str, value: dict[str, Any], key: str) -> dict[str, Any]:
        """Return a chunk with the id of what it belongs to, which is open from now."""
        item_id = text_in(value, key)
        if not item_id:
            item_id = self.chunk[1] if self.chunk else self._said.required(value, key)
        if self.chunk != (kind, item_id):
            self.close_chunk()
            self.chunk = (kind, item_id)
        return {**value, key: item_id}

    def close_chunk(self) -> None:
        """End what the last chunk belongs to."""
        if self.chunk:
            kind, item_id = self.chunk
            self.chunk = None
            if kind == "TOOL_CALL_CHUNK":
                self._close_call(item_id)
            elif kind == "TEXT_MESSAGE_CHUNK":
                self._close_message(item_id)

    def drop_open(self) -> None:
        """Keep what wasn't finished as unknown events: its run has ended."""
        for call_id in [*self._calls]:
            self._drop_call(call_id)
        for message_id in [*self._messages]:
            self._drop_message(message_id)

    def _drop_call(self, call_id: str) -> None:
        if call := self._calls.pop(call_id, None):
            whole = {"toolCallId": call_id, "toolCallName": call.name}
            self._keep_part("tool-call", {**whole, "arguments": call.text, **call.kept})

    def _drop_message(self, message_id: str) -> None:
        message = self._messages.get(message_id)
        if message and message.name == "user":
            del self._messages[message_id]
            whole = {"role": "user", "content": message.text}
            self._keep_part("message", whole | message.kept)
        elif message:
            self._close_message(message_id)

    def _keep_part(self, kind: str, whole: dict[str, Any]) -> None:
        self._build.note("incomplete-block")
        self._said.deltas.interrupt()
        self._build.keep(f"incomplete-{kind}", whole)

    CONVERT: ClassVar[dict[str, "_Convert"]] = {
        "REASONING_MESSAGE_CHUNK": _thinking_chunk,
        "REASONING_MESSAGE_CONTENT": _thinking,
        "TEXT_MESSAGE_CHUNK": _text_chunk,
        "TEXT_MESSAGE_CONTENT": _text,
        "TEXT_MESSAGE_END": _end_text,
        "TEXT_MESSAGE_START": _start_text,
        "THINKING_TEXT_MESSAGE_CONTENT": _thought,
        "THINKING_TEXT_MESSAGE_START": _start_thought,
        "TOOL_CALL_ARGS": _arguments,
        "TOOL_CALL_CHUNK": _call_chunk,
        "TOOL_CALL_END": _end_call,
        "TOOL_CALL_RESULT": _answer,
        "TOOL_CALL_START": _start_call,
    }


_Convert: TypeAlias = Callable[[Streamed, dict[str, Any]], Fate]


def _fate_of_role(role: str) -> Fate:
    """Return what becomes of a message's records that hold no text of the assistant."""
    if role == "assistant":
        return "skipped"
    return "mapped" if role == "user" else "kept"
