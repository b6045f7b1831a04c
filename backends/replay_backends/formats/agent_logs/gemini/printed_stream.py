"""The stream that the CLI prints with ``--output-format stream-json``."""

from collections.abc import Mapping
from typing import Any

import attrs

from replay_backends.formats.event_builder import EventBuilder, RunUsage
from replay_backends.formats.members import (
    left_of,
    number_in,
    object_in,
    rest_of,
    sum_in,
    text_in,
)
from replay_backends.formats.recording import Fate, Record


@attrs.define
class PrintedStreamConverter:
    """A converter of a printed stream's records, in order."""

    _build: EventBuilder

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        value, build = record.value, self._build
        if not isinstance(value, dict):
            return build.keep_whole(record, "line")
        build.see_time(value.get("timestamp"))
        kind = text_in(value, "type")
        match value:
            case {"type": "init"}:
                return build.skip(record, kind)
            case {"type": "message", "role": "user", "content": str(content)}:
                kept = rest_of(value, "type", "role", "content")
                build.add("user_input", kept, content=content)
            case {"type": "message", "role": "assistant", "content": str(content)}:
                if not content:
                    return build.skip(record, "empty")
                kept = left_of(value, type=str, role=str, content=str, delta=bool)
                said = "text_delta" if value.get("delta") is True else "text"
                build.say(said, content, kept)
            case {"type": "tool_use", "tool_id": str(call_id)}:
                kept = left_of(
                    value, type=str, tool_id=str, tool_name=str, parameters=object
                )
                name = text_in(value, "tool_name")
                build.call(call_id, name, value.get("parameters"), kept)
            case {"type": "tool_result", "tool_id": str(call_id)}:
                self._result(call_id, value)
            case {"type": "result"}:
                self._stop(value)
            case _:
                if kind in ("message", "tool_use", "tool_result"):
                    build.note("missing-field")
                return build.keep_whole(record, kind or "untyped")
        return "mapped", kind

    def end(self) -> None:
        """Add nothing."""

    def _result(self, call_id: str, value: Mapping[str, Any]) -> None:
        key = "output" if "output" in value else "error"
        kept = rest_of(value, "type", "tool_id", "status", key)
        if value.get("status", "success") != "success":
            kept |= {"status": value["status"], "is_error": True}
        self._build.result(call_id, value.get(key), kept)

    def _stop(self, value: Mapping[str, Any]) -> None:
        stats, usage = object_in(value, "stats"), RunUsage()
        given, both = sum_in(stats, "input_tokens"), sum_in(stats, "total_tokens")
        usage.add_tokens("total_input_tokens", given)
        made = sum_in(stats, "output_tokens")
        if given is not None and both is not None:
            made = both - given  # with the thoughts
        usage.add_tokens("total_output_tokens", made)
        usage.duration_ms = number_in(stats, "duration_ms")
        self._build.stop(usage, _error_of(value), rest_of(value, "type"))


def _error_of(result: Mapping[str, Any]) -> str | None:
    """Return the error that a run ended with, or None."""
    status = result.get("status", "success")
    if status == "success":
        return None
    match result.get("error"):
        case {"message": str(message)} | str(message):
            return message
    return str(status)
