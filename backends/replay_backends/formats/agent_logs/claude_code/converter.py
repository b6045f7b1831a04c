"""The conversion of Claude Code's records to events, in order."""

from typing import Any, Final, TypeAlias

import attrs

from replay_backends.formats.agent_logs.claude_code.blocks import (
    add_block,
)
from replay_backends.formats.agent_logs.claude_code.bookkeeping import (
    is_bookkeeping,
    kind_of,
)
from replay_backends.formats.agent_logs.claude_code.entries import (
    blocks_in,
    blocks_of,
    envelope_of,
    is_model_s,
    is_notification,
    said_in,
    user_kind,
)
from replay_backends.formats.agent_logs.claude_code.outline import (
    Outline,
    queued_in,
)
from replay_backends.formats.agent_logs.claude_code.run_events import (
    Response,
    Run,
    usage_of_result,
)
from replay_backends.formats.agent_logs.claude_code.stream_events import (
    add_delta,
    streamed_message,
    streamed_response,
)
from replay_backends.formats.agent_logs.claude_code.text_numbers import TextNumbers
from replay_backends.formats.event_builder import Event, EventBuilder, RunUsage
from replay_backends.formats.members import left_of, number_in, object_in, text_in
from replay_backends.formats.message_parts import add_prompt, keep_part
from replay_backends.formats.recording import Fate, Record

_NO_ANSWER: Final = "No response requested."
_Became: TypeAlias = tuple[Fate, str]


@attrs.define
class Converter:
    """A converter of the records of one session.

    Args:
        outline: The outline of the same records.
        build: Takes the events.
        parent: What links the session to another one.
        has_branches: Branches that the user left are converted, too.
    """

    _outline: Outline
    _build: EventBuilder
    _parent: dict[str, object] | None = None
    _has_branches: bool = False
    _number: int = -1  # of the record
    _run: Run = attrs.field(factory=Run)
    _seen: TextNumbers = attrs.field(factory=TextNumbers)  # responses
    _open_calls: dict[str, list[str]] = attrs.field(factory=dict)  # by record's uuid
    _asked_in: dict[str, str] = attrs.field(factory=dict)  # that uuid, by open call
    _ready: list[Event] = attrs.field(factory=list)
    _streamed: str = ""  # the response that the last event of a stream is of

    def __attrs_post_init__(self) -> None:
        self._build.parent = self._parent
        self._build.tools = self._outline.tools
        self._build.title = self._outline.title
        self._build.report.version = self._outline.version

    def record(self, record: Record) -> _Became:
        """Convert the next record."""
        self._number += 1
        if not isinstance(record.value, dict):
            became = self._build.keep_whole(record, "line")
        else:
            self._build.see_time(record.value.get("timestamp"))
            became = self._left_out(record) or self._convert(record)
        if self._build.events:
            self._run.add_aside(self._build.drain())
        self._hand_out()
        return became

    def end(self) -> None:
        """Add what was held back."""
        self._finish()
        self._hand_out()

    def _hand_out(self) -> None:
        self._build.events += self._ready + self._run.released()
        self._ready = []

    def _left_out(self, record: Record) -> _Became | None:
        """Leave out a record of the tree that isn't part of the session."""
        tree, report = self._outline.tree, self._build.report
        if self._number in tree.wrong_parents:
            report.note("parent-before-boundary", record.at, "changed")
        if self._number in tree.repeated:
            code, kind = "copied", "repeated"
        elif self._number in tree.dead and not self._has_branches:
            code = kind = "dead-branch"
        else:
            return None
        if not self._build.keeps_all:
            report.note(code, record.at, "dropped")
        return self._build.skip(record, kind)

    def _convert(self, record: Record) -> _Became:
        match record.value.get("type"):
            case "assistant":
                return self._assistant(record)
            case "user":
                return self._user(record)
        match kind_of(record.value):
            case "attachment.queued_command":
                convert = self._queued
            case "stream_event":
                convert = self._stream_event
            case "result" if "is_error" in record.value:
                convert = self._result
            case "system.stop_hook_summary" | "system.turn_duration":
                convert = self._ended
            case _:
                convert = self._other
        return convert(record)

    def _other(self, record: Record) -> _Became:
        kind = kind_of(record.value)
        if is_bookkeeping(record.value):
            return self._build.skip(record, kind)
        return self._build.keep_whole(record, kind)

    def _user(self, record: Record) -> _Became:
        blocks = blocks_in(record.value)
        kind = user_kind(record.value, blocks)
        match kind:
            case "results":
                self._results(record, blocks)
            case "interrupt":
                self._fail(f"aborted: {said_in(blocks).strip()}", record)
            case "prompt":
                self._finish()
                self._prompt(record, blocks)
                self._run.add(self._build.drain())
            case "command" | "notification" if not self._run.goes_on:
                self._finish()  # what follows answers it
                self._run.add([self._build.keep(kind, record.value)])
                self._build.drain()
                return "kept", kind
            case _:
                if kind == "user":
                    self._build.note("missing-field")
                return self._build.keep_whole(record, kind)
        return "mapped", "user"

    def _prompt(self, record: Record, blocks: list[dict[str, Any]]) -> None:
        add_prompt(self._build, blocks, envelope_of(record))

    def _queued(self, record: Record) -> _Became:
        """Take in what was typed while the agent worked, unless it comes again."""
        value, kind = record.value, kind_of(record.value)
        if queued_in(value) & self._outline.delivered:
            return self._build.skip(record, kind)
        attachment = object_in(value, "attachment")
        blocks = blocks_of(attachment.get("prompt"))
        if not blocks:
            return self._build.keep_whole(record, kind)
        if attachment.get("commandMode") == "task-notification" or is_notification(
            said_in(blocks)
        ):
            return self._build.keep_whole(record, "notification")
        self._run.interrupt()
        self._prompt(record, blocks)
        return "mapped", kind

    def _results(self, record: Record, blocks: list[dict[str, Any]]) -> None:
        value = record.value
        structured = value.get("toolUseResult", value.get("tool_use_result"))
        for block in blocks:
            if block.get("type") != "tool_result":
                keep_part(self._build, block)
                continue
            kept = {
                **envelope_of(record),
                **left_of(block, type=str, tool_use_id=str, content=object),
                "tool_use_result": structured,
            }
            call_id = text_in(block, "tool_use_id") or self._open_call(value)
            self._close_call(call_id)
            self._build.result(call_id, block.get("content"), kept)
        self._run.add(self._build.drain())

    def _open_call(self, value: dict[str, Any]) -> str:
        """Return the call that a result without an id answers; empty: none is sure."""
        match self._open_calls.get(text_in(value, "parentUuid")):
            case [call_id]:
                return call_id
        return ""

    def _close_call(self, call_id: str) -> None:
        if (uuid := self._asked_in.pop(call_id, None)) is not None:
            self._open_calls[uuid].remove(call_id)
            if not self._open_calls[uuid]:
                del self._open_calls[uuid]

    def _assistant(self, record: Record) -> _Became:
        message = object_in(record.value, "message")
        blocks = blocks_of(message.get("content"))
        if not is_model_s(record.value):
            return self._program_said(record, said_in(blocks))
        self._note_copied(record)
        key = text_in(message, "id")
        self._respond(key, record).see(message)
        kept = envelope_of(record)
        for number, block in enumerate(blocks):
            add_block(self._build, record, number, block, kept)
        self._note_calls(record)
        self._add(key)
        if isinstance(message.get("content"), str | list):
            return "mapped", "assistant"
        self._build.note("missing-field")
        return self._build.keep_whole(record, "assistant")

    def _note_copied(self, record: Record) -> None:
        """Note a response that was made in the session that this one is a fork of."""
        made_in = text_in(record.value, "requestSessionId")
        if made_in and made_in != record.value.get("sessionId"):
            self._build.note("copied", "moved")

    def _program_said(self, record: Record, said: str) -> _Became:
        if record.value.get("isApiErrorMessage"):
            self._fail(said or text_in(record.value, "error") or "API error", record)
            return "mapped", "assistant"
        if said == _NO_ANSWER:
            return self._build.skip(record, "no-response")
        return self._build.keep_whole(record, "assistant")

    def _note_calls(self, record: Record) -> None:
        """Note the calls in the events of a record."""
        uuid = text_in(record.value, "uuid")
        for event in self._build.events:
            if event["type"] == "tool_call":
                self._close_call(event["call_id"])
                self._open_calls.setdefault(uuid, []).append(event["call_id"])
                self._asked_in[event["call_id"]] = uuid
            elif event["type"] == "tool_result":
                self._close_call(event["call_id"])

    def _stream_event(self, record: Record) -> _Became:
        key = self._streamed = streamed_response(record, self._streamed)
        became = add_delta(self._build, record, envelope_of(record))
        if key:
            self._respond(key, record).see(streamed_message(record))
            self._add(key)
        else:
            self._run.add(self._build.drain())
        return became

    def _respond(self, key: str, record: Record) -> Response:
        """Take in a record of a response; without a key, it is one of its own."""
        is_new = not key or self._seen.setdefault(key, self._number) == self._number
        return self._run.respond(key, record, is_new=is_new)

    def _add(self, key: str) -> None:
        """Add events of a response to the run."""
        is_whole = self._outline.is_last(key, self._number)
        self._run.add_to(key, self._build.drain(), is_whole=is_whole)

    def _ended(self, record: Record) -> _Became:
        """Note that the run has ended, and how long it took."""
        self._run.is_ended = True
        duration, kind = number_in(record.value, "durationMs"), kind_of(record.value)
        if duration is None or self._run.last is None:
            return self._build.skip(record, kind)
        self._run.usage.duration_ms = duration
        return "mapped", kind

    def _result(self, record: Record) -> _Became:
        """End the run as the result that a stream ends with says."""
        value = record.value
        reason = value.get("stop_reason")
        kept = {**envelope_of(record), "stop_reason": None, "finish_reason": reason}
        error = text_in(value, "result") or text_in(value, "subtype") or "error"
        self._run.count()
        usage = usage_of_result(value, self._run.usage.responses)
        self._run.add([])
        self._close(error if value["is_error"] else None, usage, kept)
        return "mapped", "result"

    def _fail(self, error: str, record: Record) -> None:
        """End the run here, with an error."""
        self._run.count()
        self._stop(error, self._run.usage, envelope_of(record))
        self._run.add_aside(self._build.drain())
        self._restart([])

    def _finish(self) -> None:
        """End the run as its last response did, if that is recorded."""
        run = self._run
        run.count()
        if run.last is None or run.last_record is None:
            self._restart([])
        elif run.last.stop_reason or run.is_ended:
            reason = run.last.stop_reason or None
            time = run.last_record.value.get("timestamp")
            kept = {"finish_reason": reason, "timestamp": time}
            self._close("refusal" if reason == "refusal" else None, run.usage, kept)
        else:
            self._keep_usage(run.last_record.at)
            self._restart([])

    def _close(
        self, error: str | None, usage: RunUsage, kept: dict[str, object]
    ) -> None:
        self._stop(error, usage, kept)
        self._restart(self._build.drain())

    def _stop(
        self, error: str | None, usage: RunUsage, kept: dict[str, object]
    ) -> None:
        """Add a stop, which tells the tokens of each response in the run, too."""
        kept = {**kept, "responses": self._run.tokens or None}
        self._build.stop(usage, error, kept)

    def _restart(self, stop: list[Event]) -> None:
        self._ready += self._run.closed(stop)
        self._run = Run()

    def _keep_usage(self, at: str) -> None:
        """Keep the tokens of a run without a stop."""
        usage = self._run.usage.as_object()
        if usage.keys() <= {"turns"}:
            return
        last = self._run.last_event()
        if last is None:
            self._build.report.note("usage-without-stop", at, "dropped")
            return
        kept = last.setdefault("imported", {})
        kept["usage"] = {**object_in(kept, "usage"), **usage}
        if self._run.tokens:
            kept["responses"] = self._run.tokens
        self._build.report.note("usage-without-stop", at, "moved")
