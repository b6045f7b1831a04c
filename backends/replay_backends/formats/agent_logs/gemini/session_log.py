"""The events of the CLI's session files."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.gemini.gemini_parts import (
    PartConverter,
    add_prompt,
    in_camel_case,
    is_text,
    object_in,
    parts_of,
    text_of,
)
from replay_backends.formats.agent_logs.gemini.message_list import (
    Copies,
    Outline,
)
from replay_backends.formats.agent_logs.held_stop import HeldStop
from replay_backends.formats.event_builder import EventBuilder, RunUsage, keep_with
from replay_backends.formats.members import (
    dicts_in,
    left_of,
    parted,
    rest_of,
    sum_in,
    text_in,
)
from replay_backends.formats.recording import Fate, Record

HEAD: Final = "/"  #: the place of a document's own members
_INJECTED: Final = "<session_context>"
_CHANGES: Final = "$set"
_REWIND: Final = "$rewindTo"
_BESIDE_CONTENT: Final = ("thoughts", "toolCalls", "tokens")
_CALL_KEYS: Final = ("id", "name", "args", "result", "timestamp")


@attrs.define
class SessionLogConverter:
    """A converter of a session file's records, in order.

    A message becomes events once its last copy was read, and those before it have.

    Args:
        outline: The outline of the same records.
        branch: The first message of those to convert, which were taken back; empty: the
            messages that are left.
        folder: The name of the directory that the file is in.
        build: Takes the events.
    """

    outline: Outline
    branch: str
    folder: str
    _build: EventBuilder
    _copies: Copies = attrs.field(init=False)
    _parts: PartConverter = attrs.field(init=False)
    _stops: HeldStop = attrs.field(init=False)
    _copy: int = -1  # the number of the last copy of a message
    _waiting: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    _complete: set[int] = attrs.field(factory=set)
    _next: int = 0  # the message that is converted next
    _usage: RunUsage = attrs.field(factory=RunUsage)
    _is_running: bool = False
    _has_end: bool = False  # the last response of the run

    def __attrs_post_init__(self) -> None:
        build, outline = self._build, self.outline
        self._copies = outline.copies(self.branch)
        self._parts, self._stops = PartConverter(build), HeldStop(build)
        if outline.is_subagent and self.folder:
            build.parent = {"session_id": self.folder, "as": "subagent"}

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        fate = self._convert(record)
        self._stops.hold()
        return fate

    def end(self) -> None:
        """Add the end of the last run."""
        self._end_run()
        self._stops.release()

    def _convert(self, record: Record) -> tuple[Fate, str]:
        value, build = record.value, self._build
        match value:
            case {"$set": dict(changes)}:
                return self._change(record, changes)
            case {"$rewindTo": _}:
                return build.skip(record, _REWIND)
            case {"type": str()}:
                return self._message(record)
            case dict() if record.at == HEAD or "sessionId" in value:
                self._head(value)
                return build.skip(record, "session")
        return build.keep_whole(
            record, "untyped" if isinstance(value, dict) else "line"
        )

    def _head(self, head: Mapping[str, Any]) -> None:
        self._build.see_time(head.get("lastUpdated"))
        self._build.title = text_in(head, "summary") or self._build.title

    def _change(self, record: Record, changes: dict[str, Any]) -> tuple[Fate, str]:
        self._head(changes)
        copies = dicts_in(changes, "messages")
        taken = [self._take(each) for each in copies]
        if any(taken):
            return "mapped", _CHANGES
        return self._build.skip(record, _CHANGES)

    def _message(self, record: Record) -> tuple[Fate, str]:
        value, build = record.value, self._build
        if self._take(value):
            return self._fate(value)
        build.see_time(value.get("timestamp"))
        if self.branch:
            return build.skip(record, "other-branch")
        reason = self.outline.reasons.get(self._copy, "rewritten")
        if reason != "rewritten" and self._fate(value)[1] != "repeated-result":
            build.note(reason, "dropped")
        return build.skip(record, reason)

    def _take(self, value: dict[str, Any]) -> bool:
        """Take in a copy if it counts; convert messages that are complete by now."""
        self._copy += 1
        message = self._copies.message(self._copy)
        if message is None:
            return False
        # What an earlier copy holds is better.
        self._waiting[message] = value | self._waiting.get(message, {})
        if self._copies.are_last[self._copy]:
            self._complete.add(message)
        while self._next in self._complete:
            self._complete.remove(self._next)
            self._add(self._waiting.pop(self._next))
            self._next += 1
        return True

    def _fate(self, message: dict[str, Any]) -> tuple[Fate, str]:
        """Return what becomes of a message, which depends on nothing before it."""
        kind = text_in(message, "type")
        parts = parts_of(message.get("content"))
        left_out = ""
        is_empty = all(part.get("text") == "" for part in parts)
        if kind == "gemini" and is_empty and not any(map(message.get, _BESIDE_CONTENT)):
            left_out = "empty"
        elif kind == "user" and parts and all(map(self._is_repeated, parts)):
            left_out = "repeated-result"
        if left_out:
            return ("kept" if self._build.keeps_all else "skipped"), left_out
        if kind == "user" and "content" not in message:
            return "kept", kind
        if kind == "user" and text_of(parts).lstrip().startswith(_INJECTED):
            return "kept", "injected"
        return ("mapped" if kind in ("user", "gemini") else "kept"), kind

    def _is_repeated(self, part: Mapping[str, Any]) -> bool:
        return (
            text_in(object_in(part, "functionResponse"), "id") in self._copies.answered
        )

    def _add(self, message: dict[str, Any]) -> None:
        build = self._build
        build.see_time(message.get("timestamp"))
        fate, kind = self._fate(message)
        match fate, kind:
            case "kept", _:
                if kind == "user":
                    build.note("missing-field")
                build.keep(kind, message)
                if kind == "error" and self._is_running:
                    self._has_end = True
                    self._end_run(text_of(parts_of(message.get("content"))) or "error")
            case "mapped", "user":
                self._user(message)
            case "mapped", _:
                self._gemini(message)

    def _user(self, message: dict[str, Any]) -> None:
        parts = parts_of(message["content"])
        kept = rest_of(message, "type", "content")
        if not any("functionResponse" in part for part in parts):
            self._end_run()
            self._is_running = True
            add_prompt(self._build, parts, kept)
            return
        for part in parts:
            if is_text(part):  # of no user: it would open a turn
                self._build.keep("text", part)
            elif not self._is_repeated(part):
                self._parts.add(part, kept)

    def _gemini(self, message: dict[str, Any]) -> None:
        build, begin = self._build, len(self._build.events)
        self._is_running = True
        time = message.get("timestamp")
        thoughts, odd_thoughts = parted(message.get("thoughts"))
        calls, odd_calls = parted(message.get("toolCalls"))
        for thought in thoughts:
            said = (text_in(thought, "subject"), text_in(thought, "description"))
            left = left_of(thought, subject=str, description=str)
            kept = {"timestamp": time} | left
            is_said = build.say("thinking", "\n".join(filter(None, said)), kept)
            if not is_said and left.keys() - {"timestamp"}:
                build.keep("thought", thought)
        for part in parts_of(message.get("content")):
            is_known = thoughts and part.get("thought") is True
            is_known = is_known or (calls and "functionCall" in part)
            if not is_known:
                self._parts.add(part, {"timestamp": time})
        self._calls(calls, time)
        asks = any(each["type"] == "tool_call" for each in build.events[begin:])
        left = {"thoughts": odd_thoughts, "toolCalls": odd_calls}
        self._count(message, left, is_answer=not asks, begin=begin)

    def _calls(self, calls: Sequence[dict[str, Any]], time: object) -> None:
        """Add calls, then their results."""
        ids = []
        for call in calls:
            kept = {"timestamp": time} | rest_of(call, *_CALL_KEYS)
            known = {key: call.get(key) for key in ("id", "name", "args")}
            ids.append(self._parts.call(known, kept))
        for call, call_id in zip(calls, ids, strict=True):
            is_error = call.get("status", "success") != "success"
            kept = {
                "timestamp": call.get("timestamp", time),
                "is_error": is_error or None,
            }
            found = call.get("result")
            for part in found if isinstance(found, list) else [found]:
                self._result(part, call_id, kept)

    def _result(self, part: object, call_id: str, kept: dict[str, object]) -> None:
        """Add what a call's result says, unless it is None."""
        rest = rest_of(part, "functionResponse") if isinstance(part, dict) else {}
        match part:
            case {"functionResponse": dict(response)}:
                known = {"name": response.get("name"), "id": call_id}
                self._parts.respond(response | known, kept | rest)
            case dict():
                self._parts.add(in_camel_case(part), kept)
            case _ if part is not None:
                self._build.result(call_id, part, kept)

    def _count(
        self,
        message: dict[str, Any],
        left: dict[str, object],
        *,
        is_answer: bool,
        begin: int,
    ) -> None:
        """Count the tokens; an answer whose tokens are recorded ends the run."""
        build, tokens = self._build, object_in(message, "tokens")
        kept = rest_of(message, "type", "timestamp", "content") | left
        self._has_end = bool(tokens)
        has_events = len(build.events) > begin
        if has_events:
            keep_with(build.events[begin], kept)
        if tokens:
            given, made = (
                sum_in(tokens, "input", "tool"),
                sum_in(tokens, "output", "thoughts"),
            )
            self._usage.add(given, made)
        if tokens and is_answer:
            self._end_run(imported=None if has_events else kept)

    def _end_run(
        self,
        error: str | None = None,
        imported: Mapping[str, object] | None = None,
    ) -> None:
        """End the run, if the end of its last response is recorded."""
        usage, has_end = self._usage, self._has_end
        self._usage, self._has_end, self._is_running = RunUsage(), False, False
        if has_end:
            self._stops.stop(usage, error, imported)
        elif usage.responses:  # each message's first event keeps its own
            self._build.note("usage-without-stop", "moved")
