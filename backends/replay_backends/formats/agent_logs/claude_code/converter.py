"""The conversion of Claude Code's records to events, in order."""

from typing import Any, Final, TypeAlias

import attrs

from replay_backends.formats.agent_logs.claude_code.blocks import (
    add_block,
    message_parts,
)
from replay_backends.formats.agent_logs.claude_code.bookkeeping import (
    is_bookkeeping,
    kind_of,
)
from replay_backends.formats.agent_logs.claude_code.entries import (
    HARNESS,
    blocks_of,
    envelope_of,
    is_notification,
    is_text,
    member_of,
    message_of,
    number_of,
    response_key,
    rest_of,
    said_in,
    text_of,
    texts_in,
    user_kind,
)
from replay_backends.formats.agent_logs.claude_code.outline import (
    Outline,
    queued_in,
)
from replay_backends.formats.agent_logs.claude_code.run_events import (
    Run,
    usage_of_result,
)
from replay_backends.formats.agent_logs.claude_code.stream_events import (
    add_delta,
    streamed_response,
)
from replay_backends.formats.event_builder import Event, EventBuilder, RunUsage
from replay_backends.formats.recording import Fate, Record

_NO_ANSWER: Final = "No response requested."
_Became: TypeAlias = tuple[Fate, str]


@attrs.define
class Converter:
    """A converter of the records of one session.

    Args:
        outline: The outline of the same records.
        build: Takes the events.
        has_branches: Branches that the user left are converted, too.
    """

    outline: Outline
    _build: EventBuilder
    has_branches: bool = False
    _run: Run = attrs.field(factory=Run)
    _seen: set[str] = attrs.field(factory=set)  # responses, of the session
    _answered: set[str] = attrs.field(factory=set)  # calls
    _ready: list[Event] = attrs.field(factory=list)
    _streamed: str = ""  # the response that the last event of a stream is of

    def __attrs_post_init__(self) -> None:
        build, outline = self._build, self.outline
        build.tools = outline.tools
        build.title = outline.title
        build.report.version = outline.version
        for at in outline.tree.wrong_parents:
            build.report.note("parent-before-boundary", at, "changed")

    def record(self, record: Record) -> _Became:
        """Convert the next record."""
        if not isinstance(record.value, dict):
            became = self._build.keep_whole(record, "line")
        else:
            self._build.see_time(record.value.get("timestamp"))
            became = self._left_out(record) or self._convert(record)
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
        value, outline = record.value, self.outline
        if record.at in outline.repeated:
            return self._build.skip(record, "repeated")
        if value.get("isSidechain") and not outline.is_sidechain:
            return self._build.skip(record, "sidechain")
        if self.has_branches or text_of(value, "uuid") not in outline.tree.dead:
            return None
        if not self._build.keeps_all:
            self._build.report.note("dead-branch", record.at, "dropped")
        return self._build.skip(record, "dead-branch")

    def _convert(self, record: Record) -> _Became:
        match kind_of(record.value):
            case "user":
                convert = self._user
            case "assistant":
                convert = self._assistant
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
        kind = user_kind(record.value)
        blocks = blocks_of(message_of(record.value))
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
                    self._build.report.note("missing-field", record.at, "changed")
                return self._build.keep_whole(record, kind)
        return "mapped", "user"

    def _prompt(self, record: Record, blocks: list[dict[str, Any]]) -> None:
        texts = texts_in(blocks)
        media = [each for each in blocks if not is_text(each)]
        kept = {
            **envelope_of(record),
            "blocks": len(texts) if len(texts) > 1 else None,
            "media": len(media) or None,
        }
        self._build.add("user_input", kept, content="\n\n".join(texts))
        for block in media:
            self._build.keep(text_of(block, "type") or "block", block)

    def _queued(self, record: Record) -> _Became:
        """Take in what was typed while the agent worked, unless it comes again."""
        value, kind = record.value, kind_of(record.value)
        if queued_in(value) & self.outline.delivered:
            return self._build.skip(record, kind)
        attachment = member_of(value, "attachment")
        blocks = blocks_of({"content": attachment.get("prompt")})
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
                self._build.keep(text_of(block, "type") or "block", block)
                continue
            kept = {
                **envelope_of(record),
                **rest_of(block, "type", "tool_use_id", "content"),
                "tool_use_result": structured,
            }
            call_id = text_of(block, "tool_use_id") or self._open_call(value)
            self._answered.add(call_id)
            self._build.result(call_id, block.get("content"), kept)
        self._run.add(self._build.drain())

    def _open_call(self, value: dict[str, Any]) -> str:
        """Return the call that a result without an id answers; empty: none is sure."""
        calls = self.outline.calls.get(text_of(value, "parentUuid"), [])
        match [each for each in calls if each not in self._answered]:
            case [call_id]:
                return call_id
        return ""

    def _assistant(self, record: Record) -> _Became:
        message = message_of(record.value)
        blocks = blocks_of(message)
        said = said_in(blocks)
        if record.value.get("isApiErrorMessage"):
            self._fail(said or text_of(record.value, "error") or "API error", record)
            return "mapped", "assistant"
        if message.get("model") == HARNESS:
            if said == _NO_ANSWER:
                return self._build.skip(record, "no-response")
            return self._build.keep_whole(record, "assistant")
        key = response_key(record)
        kept = {**envelope_of(record), **message_parts(record)}
        kept |= self._respond(key, record)
        for number, block in enumerate(blocks):
            add_block(self._build, record, number, block, kept)
            kept = {**kept, "usage": None, "stop_reason": None}
        self._add(record, key)
        if isinstance(message.get("content"), str | list):
            return "mapped", "assistant"
        self._build.report.note("missing-field", record.at, "changed")
        return self._build.keep_whole(record, "assistant")

    def _stream_event(self, record: Record) -> _Became:
        key = self._streamed = streamed_response(record, self._streamed)
        if key:
            self._respond(key, record)
        became = add_delta(self._build, record, envelope_of(record))
        self._add(record, key)
        return became

    def _respond(self, key: str, record: Record) -> dict[str, object]:
        """Take in a record of a response; return what the first event keeps of it."""
        response = self.outline.responses[key]
        is_new = key not in self._seen
        self._seen.add(key)
        self._run.respond(response, record, is_new=is_new)
        if not is_new:
            return {}
        return {"usage": response.usage or None, "stop_reason": response.stop_reason}

    def _add(self, record: Record, key: str) -> None:
        """Add events of a response to the run."""
        response = self.outline.responses.get(key)
        is_whole = response is None or response.last_at == record.at
        self._run.add(self._build.drain(), key, is_whole=is_whole)

    def _ended(self, record: Record) -> _Became:
        """Note that the run has ended, and how long it took."""
        self._run.is_ended = True
        duration, kind = number_of(record.value, "durationMs"), kind_of(record.value)
        if duration is None or self._run.last is None:
            return self._build.skip(record, kind)
        self._run.usage.duration_ms = duration
        return "mapped", kind

    def _result(self, record: Record) -> _Became:
        """End the run as the result that a stream ends with says."""
        value = record.value
        reason = value.get("stop_reason")
        kept = {**envelope_of(record), "stop_reason": None, "finish_reason": reason}
        error = text_of(value, "result") or text_of(value, "subtype") or "error"
        usage = usage_of_result(value, self._run.usage.responses)
        self._run.add([])
        self._close(error if value["is_error"] else None, usage, kept)
        return "mapped", "result"

    def _fail(self, error: str, record: Record) -> None:
        """End the run here, with an error."""
        self._run.add_aside(
            [self._build.stop(self._run.usage, error, envelope_of(record))]
        )
        self._build.drain()
        self._restart([])

    def _finish(self) -> None:
        """End the run as its last response did, if that is recorded."""
        run = self._run
        if run.last is None:
            self._restart([])
        elif run.last.stop_reason or run.is_ended:
            reason = run.last.stop_reason
            time = run.last_record and run.last_record.value.get("timestamp")
            kept = {"finish_reason": reason, "timestamp": time}
            self._close("refusal" if reason == "refusal" else None, run.usage, kept)
        else:
            self._keep_usage()
            self._restart([])

    def _close(
        self, error: str | None, usage: RunUsage, kept: dict[str, object]
    ) -> None:
        self._build.stop(usage, error, kept)
        self._restart(self._build.drain())

    def _restart(self, stop: list[Event]) -> None:
        self._ready += self._run.closed(stop)
        self._run = Run()

    def _keep_usage(self) -> None:
        """Keep the tokens of a run without a stop."""
        run = self._run
        usage = run.usage.as_object()
        if usage.keys() <= {"turns"}:
            return
        last, at = run.last_event(), run.last_record.at if run.last_record else ""
        if last is None:
            self._build.report.note("usage-without-stop", at, "dropped")
            return
        kept = last.setdefault("imported", {})
        kept["usage"] = {**member_of(kept, "usage"), **usage}
        self._build.report.note("usage-without-stop", at, "moved")
