"""The conversion of AG-UI's events, one thread at a time."""

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

from replay_backends.formats.api_captures.ag_ui.ag_ui_conversation import (
    Conversation,
    kept_of,
    seconds_of,
)
from replay_backends.formats.api_captures.ag_ui.open_messages import Streamed
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import dicts_in, object_in, rest_of, text_in
from replay_backends.formats.recording import Fate, Record

_SKIPPED: Final = frozenset(
    {
        "STEP_STARTED", "STEP_FINISHED",
        "REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_END",
        "REASONING_END", "THINKING_START", "THINKING_TEXT_MESSAGE_END", "THINKING_END",
    }
)  # fmt: skip
_SUBAGENTS: Final = frozenset(
    {"SUBAGENT_STARTED", "SUBAGENT_FINISHED", "SUBAGENT_ERROR"}
)
_STATES: Final = frozenset(
    {
        "STATE_SNAPSHOT", "STATE_DELTA", "ACTIVITY_SNAPSHOT", "ACTIVITY_DELTA",
        "REASONING_ENCRYPTED_VALUE",
    }
)  # fmt: skip
_OURS: Final = "llamacloud"  # the source of an event that this library exported


class AGUIConverter:
    """The conversion of a thread's events."""

    def __init__(self, build: EventBuilder) -> None:
        self._build = build
        self._said = Conversation(build)
        self._streamed = Streamed(build, self._said)
        self._held: dict[str, Any] | None = None  # a stop, unless the run goes on

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        fate = self._convert(record)
        self._build.hold()
        return fate

    def _convert(self, record: Record) -> tuple[Fate, str]:
        value = record.value
        if not isinstance(value, dict):
            return self._build.keep_whole(record, "line")
        kind = self._said.required(value, "type")
        if "timestamp" in value:
            self._build.see_time(seconds_of(value))
        if value.get("subagentRunId") and kind not in _SUBAGENTS:
            return self._build.skip(record, "subagent")
        if kind != "RUN_STARTED":
            self._settle()
        if self._streamed.chunk and self._streamed.chunk[0] != kind:
            self._streamed.close_chunk()
        fate: Fate = "skipped" if kind in _SKIPPED else "kept"
        if kind in Streamed.CONVERT:
            fate = self._streamed.convert(kind, value)
        elif convert := self.CONVERT.get(kind):
            fate = convert(self, value)
        if fate == "skipped":
            return self._build.skip(record, kind)
        if fate == "kept":
            self._said.deltas.interrupt()
            return self._build.keep_whole(record, kind or "record")
        return fate, kind

    def end(self) -> None:
        """Add the stop that was held, and keep what wasn't finished."""
        self._settle()
        self._streamed.chunk = None
        self._streamed.drop_open()
        if usage := self._said.usage.as_object():
            self._build.keep_usage(usage)
        self._build.release()

    def _start_run(self, value: dict[str, Any]) -> Fate:
        self._streamed.drop_open()
        report = self._build.report
        report.version = text_in(value, "protocolVersion") or report.version
        sent = object_in(value, "input")
        history = sent.get("messages", [])
        if not isinstance(history, list):
            self._said.missing("messages")
            return "kept"
        added = self._said.history.additions(history) if history else []
        if any(each.kind == "user" for each in added):
            self._settle()
        self._held = None  # otherwise the run goes on
        start = len(self._build.events)
        for each in added:
            self._said.add(each)
        for event in self._build.events[start:]:
            if "record" not in event:
                rest = rest_of(sent, "messages")
                run = kept_of(value, "input") | ({"input": rest} if rest else {})
                event.setdefault("imported", {})["run"] = run
                break
        if added:
            return "mapped"
        return "kept" if sent.get("resume") else "skipped"

    def _snapshot(self, value: dict[str, Any]) -> Fate:
        messages = value.get("messages")
        if not isinstance(messages, list):
            self._said.missing("messages")
            return "kept"
        added = self._said.history.additions(messages)
        for each in added:
            self._said.add(each)
        return "mapped" if added else "skipped"

    def _finish_run(self, value: dict[str, Any]) -> Fate:
        self._streamed.drop_open()
        match value.get("metadata"):
            case {"incomplete": True}:
                return "skipped"  # the export of a turn without a stop
        outcome = value.get("outcome")
        known = outcome if isinstance(outcome, dict) else {"type": outcome}
        reason = text_in(known, "type")
        kept = kept_of(value) | {"finish_reason": reason or None}
        self._count(value)
        if reason == "cancelled":
            self._said.stop("aborted: cancelled", kept)
            return "mapped"
        is_paused = reason == "interrupt" or bool(known.get("pendingToolCallIds"))
        if is_paused or self._said.unanswered:
            self._held = kept
        else:
            self._said.stop(None, kept)
        return "kept" if is_paused else "mapped"

    def _fail_run(self, value: dict[str, Any]) -> Fate:
        self._streamed.drop_open()
        self._count(value)
        error = self._said.required(value, "message") or text_in(value, "code")
        self._said.stop(error or "unknown error", kept_of(value, "message"))
        return "mapped"

    def _raw(self, value: dict[str, Any]) -> Fate:
        event = value.get("event")
        if value.get("source") != _OURS or not isinstance(event, dict):
            return "kept"
        if not text_in(event, "type"):
            return "kept"
        self._build.events.append(event)
        self._said.deltas.interrupt()
        return "mapped"

    def _count(self, value: dict[str, Any]) -> None:
        counted = self._said.usage
        for each in dicts_in(value, "usage"):
            counted.add_tokens("total_input_tokens", each.get("inputTokens"))
            counted.add_tokens("total_output_tokens", each.get("outputTokens"))

    def _settle(self) -> None:
        """Add the stop that was held: the run doesn't go on."""
        if self._held is not None:
            held, self._held = self._held, None
            self._said.stop(None, held)

    CONVERT: ClassVar[dict[str, "_Convert"]] = {
        "MESSAGES_SNAPSHOT": _snapshot,
        "RAW": _raw,
        "RUN_ERROR": _fail_run,
        "RUN_FINISHED": _finish_run,
        "RUN_STARTED": _start_run,
    }


_Convert: TypeAlias = Callable[[AGUIConverter, dict[str, Any]], Fate]

#: The types that tell that a record is one of AG-UI's.
TYPES: Final = (
    frozenset(Streamed.CONVERT)
    | (frozenset(AGUIConverter.CONVERT) - {"RAW"})
    | (_SKIPPED | _STATES | _SUBAGENTS)
)
