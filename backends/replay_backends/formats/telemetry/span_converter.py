"""A converter of a session's spans, in order of their beginnings."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import attrs

from replay_backends.formats.event_builder import EventBuilder, RunUsage, keep_with
from replay_backends.formats.members import rest_of
from replay_backends.formats.message_parts import add_prompt
from replay_backends.formats.recording import Fate, Record
from replay_backends.formats.telemetry.chat_history import ChatHistory
from replay_backends.formats.telemetry.genai_span import (
    AGENT,
    MODEL,
    OTHERS,
    TOOL,
    GenAISpan,
    fingerprint,
)
from replay_backends.formats.telemetry.otlp import parsed, time_text
from replay_backends.formats.telemetry.part_converter import PartConverter
from replay_backends.formats.telemetry.span_outline import outline_of
from replay_backends.formats.telemetry.span_sessions import PlacedSpan, SpanSession

_ASKS_FOR_TOOLS: Final = ("function_call", "tool_call", "tool_calls", "tool_use")
_FAILURES: Final = ("content_filter", "error", "refusal")


@attrs.define
class _Run:
    """What is known of a run that goes on."""

    agent: GenAISpan | None = None  #: it ends with this one
    usage: RunUsage = attrs.field(factory=RunUsage)
    last: GenAISpan | None = None  #: the last response
    reason: str | None = None  #: why the last response ended
    error: str | None = None
    has_begun: bool = False  #: something was said or counted


class SpanConverter:
    """A converter of a session's spans.

    Args:
        session: The session's spans.
        build: Takes the events.
    """

    def __init__(self, session: SpanSession, build: EventBuilder) -> None:
        build.parent = session.parent
        self._build = build
        self._spans = {each.span.span.at: each for each in session.spans}
        self._repeated = {each.at for each in session.repeated}
        self._outline = outline_of(session.spans)
        self._history = ChatHistory()
        self._parts = PartConverter(build, self._outline)
        self._run = _Run()
        self._instructions: object = None
        self._told: dict[str, Any] = {}  # what else spans said, the last time
        self._untold: list[dict[str, Any]] = []  # the same, until an event can hold it

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        fate = self._convert(record)
        self._build.hold()
        return fate

    def end(self) -> None:
        """Add what was held back, and the end of the last run."""
        self._end_run()
        self._tell_rest()
        self._build.release()

    def _convert(self, record: Record) -> tuple[Fate, str]:
        placed = self._spans.get(record.at)
        if placed is None:
            return self._other(record)
        span, operation = placed.span, placed.span.operation
        self._see(span)
        if operation in MODEL or operation in AGENT:
            outline = self._outline
            is_read = record.at in outline.speakers or record.at in outline.counters
            if not is_read and placed.agent is not span:
                return self._build.skip(record, operation)
            self._respond(placed)
            return "mapped", operation
        if operation == TOOL:
            return self._tool(record, placed)
        if not operation or operation in OTHERS:
            return self._build.skip(record, operation or "span")
        return self._build.keep_whole(record, operation)

    def _other(self, record: Record) -> tuple[Fate, str]:
        """Convert what isn't a span, or repeats one; all spans came before."""
        self._end_run()
        if record.at in self._repeated:
            return self._build.skip(record, "repeated")
        kind = "span" if "/spans/" in record.at else "line"
        return self._build.keep_whole(record, kind)

    def _see(self, span: GenAISpan) -> None:
        build, known = self._build, span.span
        build.see_time(time_text(known.end or known.start))
        if span.operation and not build.report.version:
            build.report.version = known.recorder
        if name := span.unsupported:
            build.report.note(
                "unsupported-convention", known.at, "dropped", detail=name
            )
        if span.attributes.get("gen_ai.conversation.compacted"):
            build.report.note("compacted", known.at, "dropped")

    def _tool(self, record: Record, placed: PlacedSpan) -> tuple[Fate, str]:
        """Convert a tool's span, unless a message says the same."""
        span, outline = placed.span, self._outline
        if span.call_id in outline.called and outline.tools.get(span.call_id) is span:
            is_read = span.call_id not in outline.answered
            return ("mapped", TOOL) if is_read else self._build.skip(record, TOOL)
        name = span.text("gen_ai.tool.name")
        is_known = not span.call_id and name in outline.called_tools
        is_repeated = span.call_id and outline.tools.get(span.call_id) is not span
        if placed.is_inside_tool or is_known or is_repeated:
            return self._build.skip(record, TOOL)
        if not self._parts.tool(span, name):
            return self._build.keep_whole(record, TOOL)
        self._see_rest(span)
        self._tell_rest()
        self._run.has_begun = True
        return "mapped", TOOL

    def _respond(self, placed: PlacedSpan) -> None:
        """Convert a model's response, or an agent's."""
        span, at = placed.span, placed.span.span.at
        if self._run.agent and self._run.agent is not placed.agent:
            self._end_run()
        elif self._is_over():
            self._end_run(is_agents=False)
        self._run.agent = placed.agent
        self._see_rest(span)
        start = len(self._build.events)
        if at in self._outline.speakers:
            self._say(span)
        if at in self._outline.counters:
            self._count(span)
        if span.operation in MODEL or at in self._outline.speakers:
            self._run.last, self._run.reason = span, span.finish_reason
        if span.operation in MODEL:
            self._run.error = span.span.error
            self._run.has_begun = True
        self._tell_rest(start)

    def _see_rest(self, span: GenAISpan) -> None:
        """Take in what else a span says, unless the one before it says the same."""
        rest = {k: v for k, v in span.rest.items() if self._told.get(k) != v}
        if rest:
            self._told |= rest
            self._untold.append(rest)

    def _tell_rest(self, start: int = 0) -> None:
        """Keep what else spans say with the first event from a place on that can."""
        for event in self._build.events[start:]:
            if self._untold and "record" not in event:
                keep_with(event, {"spans": self._untold})
                self._untold = []

    def _is_over(self) -> bool:
        """Tell whether the run ended before the next response."""
        run = self._run
        if run.error:
            return True
        is_answer = run.reason and run.reason not in _ASKS_FOR_TOOLS
        return bool(is_answer and not self._parts.open_calls and not run.agent)

    def _say(self, span: GenAISpan) -> None:
        known = span.span
        instructions = parsed(span.attributes.get("gen_ai.system_instructions"))
        if instructions not in (None, self._instructions):
            self._build.keep("system_instructions", instructions)
            self._instructions = instructions
        flat = [
            (number, part, fingerprint(message.role, part))
            for number, message in enumerate(span.inputs)
            for part in message.parts
        ]
        marks = [mark for _, _, mark in flat if mark is not None]
        count, differs = self._history.known(marks)
        if differs:
            self._build.report.note("history-differs", known.at, "changed")
        roles = [message.role for message in span.inputs]
        imported = {"timestamp": time_text(known.start), "span_id": known.id or None}
        for number, parts in groupby(_behind(flat, count), itemgetter(0)):
            self._add(roles[number], [part for _, part, _ in parts], span, imported)
        self._answer(span, marks)

    def _answer(self, span: GenAISpan, marks: list[int]) -> None:
        outputs = span.outputs
        if len(outputs) > 1:
            self._build.report.note("other-choice", span.span.at, "dropped")
        known = span.attributes
        imported = {
            "timestamp": time_text(span.span.end),
            "span_id": span.span.id or None,
            "response_id": known.get("gen_ai.response.id"),
            "model": known.get("gen_ai.response.model")
            or known.get("gen_ai.request.model"),
        }
        for message in outputs[:1]:
            self._add("assistant", [*message.parts], span, imported)
            said = (fingerprint(message.role, part) for part in message.parts)
            marks = [*marks, *(mark for mark in said if mark is not None)]
        self._history.add(marks)

    def _add(
        self,
        role: str,
        parts: list[Any],
        span: GenAISpan,
        imported: Mapping[str, object],
    ) -> None:
        """Add what is new of a message."""
        if role in ("system", "developer"):
            self._build.keep("system", {"role": role, "parts": parts})
            return
        if role == "user":
            results = [part for part in parts if _is_result(part)]
            self._parts.add(results, span, imported)
            parts = [part for part in parts if not _is_result(part)]
            if parts:
                self._end_run(is_agents=False)
                add_prompt(self._build, [*map(_with_text, parts)], imported)
        else:
            self._parts.add(parts, span, imported)
        self._run.has_begun = True

    def _count(self, span: GenAISpan) -> None:
        usage = self._run.usage
        if span.operation in MODEL:
            usage.add(*span.tokens())
            return
        self._run.has_begun = True
        turns = span.attributes.get("chat_replay.usage.turns")
        usage.responses += turns if isinstance(turns, int) else 0
        for name, count in zip(
            ("total_input_tokens", "total_output_tokens"), span.tokens(), strict=True
        ):
            usage.add_tokens(name, count)

    def _end_run(self, *, is_agents: bool = True) -> None:
        """End the run as its last response or its agent did, if that is recorded.

        Args:
            is_agents: Whether its agent's ends, too.
        """
        run, self._run = self._run, _Run()
        agent = run.agent
        if not is_agents:
            self._run.agent = agent
            agent = None
        ending = agent.span if agent else None
        error = run.error or (ending.error if ending else None)
        if error is None and run.reason in _FAILURES:
            error = run.reason
        is_recorded = run.reason or error or (ending and ending.end)
        if not (run.has_begun or error):
            return
        if is_recorded:
            if ending and ending.start and ending.end:
                run.usage.duration_ms = _milliseconds(ending.end - ending.start)
            last = ending or (run.last.span if run.last else None)
            kept = {
                "timestamp": time_text(last.end) if last else None,
                "finish_reason": run.reason,
            }
            self._build.stop(run.usage, error, kept)
            self._parts.open_calls.clear()
        elif (usage := run.usage.as_object()).keys() - {"turns"}:
            self._build.keep_usage(usage)


def _behind(
    flat: list[tuple[int, Any, int | None]], count: int
) -> Iterable[tuple[int, Any, int | None]]:
    """Yield the parts behind those that are known, and behind their messages' rests."""
    last, left = -1, count
    for number, part, mark in flat:
        if left and mark is not None:
            last, left = number, left - 1
        elif not left and (mark is not None or number > last):
            yield number, part, mark


def _with_text(part: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a part of a prompt; one that is a text as most formats have it."""
    match part:
        case {"type": "text", "content": str(text)}:
            return {**rest_of(part, "content"), "text": text}
    return part


def _is_result(part: object) -> bool:
    match part:
        case {"type": "tool_call_response" | "server_tool_call_response"}:
            return True
    return False


def _milliseconds(nanoseconds: int) -> float | None:
    try:
        return round(nanoseconds / 1_000_000, 3) or None
    except OverflowError:
        return None
