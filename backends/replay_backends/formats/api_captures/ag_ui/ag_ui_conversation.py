"""What an AG-UI stream says, whole: prompts, calls, results, and the ends of runs."""

from collections.abc import Mapping
from typing import Any, Final

from replay_backends.formats.api_captures.ag_ui.repeated_history import (
    Addition,
    History,
    function_of,
)
from replay_backends.formats.api_captures.pending_deltas import PendingDeltas
from replay_backends.formats.event_builder import EventBuilder, RunUsage, time_of
from replay_backends.formats.members import rest_of, text_in
from replay_backends.formats.message_parts import (
    add_prompt,
    keep_part,
    split_content,
)

_LATEST: Final = 1 << 53  # milliseconds; a later time isn't one


class Conversation:
    """The events of a thread."""

    def __init__(self, build: EventBuilder) -> None:
        self.usage = RunUsage()  #: since the last stop
        self.unanswered: set[str] = set()  #: calls of the run
        self.history = History()
        self.deltas = PendingDeltas(build)
        self._build = build

    def delta_in(self, value: Mapping[str, Any]) -> str | None:
        """Return a record's delta; None: it has none, which is noted."""
        delta = value.get("delta")
        if isinstance(delta, str):
            return delta
        self.missing("delta")
        return None

    def required(self, value: Mapping[str, Any], key: str) -> str:
        """Return a text that a record must hold; if it is missing, that is noted."""
        found = text_in(value, key)
        if not found:
            self.missing(key)
        return found

    def missing(self, key: str) -> None:
        """Note that a record lacks what it must hold."""
        self._build.note("missing-field", detail=key)

    def say(self, kind: str, message_id: str, delta: str, kept: dict[str, Any]) -> None:
        """Add a delta of a *kind*, which is ``text`` or ``thinking``."""
        self.history.see(kind, message_id)
        self.deltas.add(f"{kind}_delta", message_id, delta, kept)

    def prompt(self, content: object, kept: Mapping[str, Any]) -> None:
        """Add what the user said, and its media behind it."""
        self.deltas.end()
        add_prompt(self._build, content, kept)

    def call(
        self, call_id: str, name: str, arguments: object, kept: Mapping[str, Any]
    ) -> None:
        """Add a call."""
        self.deltas.end()
        self.unanswered.add(call_id)
        self._build.call(call_id, name, arguments, kept)

    def result(self, call_id: str, content: object, kept: Mapping[str, Any]) -> None:
        """Add a result."""
        self.deltas.end()
        self.unanswered.discard(call_id)
        self._build.result(call_id, content, kept)

    def stop(self, error: str | None, kept: Mapping[str, Any]) -> None:
        """Add the end of the run."""
        self.deltas.end()
        self.unanswered.clear()
        self._build.stop(self.usage, error, kept)
        self.usage = RunUsage()

    def add(self, addition: Addition) -> None:
        """Add what a history holds and wasn't streamed."""
        kind, message, call = addition
        content = message.get("content")
        kept = kept_of(message, "role", "content", "toolCalls")
        match kind:
            case "user":
                self.prompt(content, kept)
            case "text" | "thinking":
                self._add_texts(kind, content, kept)
            case "call":
                kept = {"messageId": kept.get("id")}
                kept |= kept_of(call, "id", "type", "function")
                self.call(self._id_of(call, kept), *function_of(call), kept)
            case "result":
                kept.pop("toolCallId", None)
                kept["is_error"] = True if message.get("error") else None
                self.result(text_in(message, "toolCallId"), content, kept)
            case _:
                self._build.keep(text_in(message, "role") or "message", message)
                self.deltas.interrupt()

    def _id_of(self, call: Mapping[str, Any], kept: dict[str, Any]) -> str:
        if call_id := text_in(call, "id"):
            return call_id
        kept["id"] = "made"
        self._build.note("id-made", "invented")
        return f"{self._build.at}/{len(self.unanswered)}"

    def _add_texts(self, kind: str, content: object, kept: Mapping[str, Any]) -> None:
        texts, others = split_content(content)
        self.deltas.close(f"{kind}_delta")
        for text in texts:
            self._build.say(kind, text, kept)
        for part in others:
            keep_part(self._build, part)


def kept_of(value: Mapping[str, Any], *used: str) -> dict[str, Any]:
    """Return what a record held besides what was *used*, its time as a text."""
    kept = rest_of(value, "type", *used)
    if "timestamp" in kept and (time := time_of(seconds_of(value))):
        kept["timestamp"] = time.isoformat()
    return kept


def seconds_of(value: Mapping[str, Any]) -> object:
    """Return a record's time, recorded in milliseconds, in seconds or as a text."""
    time: object = value.get("timestamp")
    if isinstance(time, int | float) and not isinstance(time, bool):
        return time / 1000 if abs(time) < _LATEST else None
    return time
