"""The conversion of stored UI messages, which hold their calls with the results."""

from collections.abc import Mapping
from typing import Any, Final

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import rest_of, text_in
from replay_backends.formats.message_parts import add_prompt, keep_part
from replay_backends.formats.recording import Fate, Record

_TEXTS: Final = {"text": "text", "reasoning": "thinking"}


class MessagesConverter:
    """The conversion of stored messages.

    Args:
        build: What the events are added to.
        title: The title that the app stored with them.
    """

    def __init__(self, build: EventBuilder, title: str | None = None) -> None:
        self._build = build
        build.title = title

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next message."""
        build, message = self._build, record.value
        role = text_in(message, "role") if isinstance(message, dict) else ""
        if role not in ("user", "assistant"):
            return build.keep_whole(record, role or "message")
        parts = message.get("parts")
        if not isinstance(parts, list):
            build.note("missing-field", detail="parts")
            return build.keep_whole(record, "message")
        kept = rest_of(message, "type", "role", "parts")
        if role == "user":
            add_prompt(build, parts, kept)
            return "mapped", role
        kept["messageId"] = kept.pop("id", None)
        before = len(build.events)
        for part in parts:
            self._add(part, kept)
        if len(build.events) > before:
            return "mapped", role
        return build.skip(record, role)

    def end(self) -> None:
        """There is nothing to add: stored messages have no end."""

    def _add(self, part: object, kept: Mapping[str, Any]) -> None:
        known = part if isinstance(part, dict) else {}
        kind, text = text_in(known, "type"), known.get("text")
        tool = text_in(known, "toolName")
        if kind.startswith("tool-"):
            tool = kind.removeprefix("tool-")
        if kind in _TEXTS and isinstance(text, str):
            self._build.say(
                _TEXTS[kind], text, {**kept, **rest_of(known, "type", "text")}
            )
        elif tool and text_in(known, "state") not in ("", "input-streaming"):
            self._call(tool, known, kept)
        elif kind != "step-start":
            keep_part(self._build, part)

    def _call(self, name: str, part: dict[str, Any], kept: Mapping[str, Any]) -> None:
        build, state = self._build, part["state"]
        used = ("toolCallId", "toolName", "input", "output", "errorText")
        call_id = text_in(part, "toolCallId")
        given = part.get("input", part.get("rawInput"))
        if not call_id:
            build.note("missing-field", detail="toolCallId")
        build.call(call_id, name, given, {**kept, **rest_of(part, "type", *used)})
        if state == "output-available":
            build.result(call_id, part.get("output"))
        elif state == "output-error":
            build.result(call_id, part.get("errorText"), {"is_error": True})
