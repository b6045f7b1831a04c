"""The sessions that spans belong to."""

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from replay import ConversionReport
from replay.authoring import BrokenText
from replay.errors import DecodeError, UnrecognizedError
from replay_backends.formats.recording import Record, Recording, check_depth, records_in
from replay_backends.formats.telemetry.genai_span import AGENT, MODEL, TOOL, GenAISpan
from replay_backends.formats.telemetry.otlp import read_span, spans_in

_Key = tuple[str, str]  # a trace, and a span in it


@attrs.frozen(eq=False)
class _Place:
    """Where a span is in its trace."""

    conversation: str = ""  #: empty: not recorded
    session: str = ""  #: the span by which a sub-agent's session is named
    agent: GenAISpan | None = None  #: the outermost one in its session
    tool: GenAISpan | None = None  #: the tool that it is below, if no agent is between
    caller: GenAISpan | None = None  #: the tool whose session it is


@attrs.frozen(eq=False)
class PlacedSpan:
    """A span of a session."""

    span: GenAISpan
    agent: GenAISpan | None  #: the outermost agent's, in the session
    is_inside_tool: bool  #: a tool's own, below another tool's


@attrs.define
class SpanSession:
    """The spans of a session."""

    spans: list[PlacedSpan] = attrs.field(factory=list)
    others: list[Record] = attrs.field(factory=list)  #: what isn't a span
    #: Spans that were recorded again, with the same id.
    repeated: list[Record] = attrs.field(factory=list)
    parent: dict[str, object] | None = None  #: the session that it is a sub-agent of

    def records(self, report: ConversionReport) -> Iterator[Record]:
        """Yield the spans in order of their beginnings, then all else."""
        for each in self.spans:
            yield Record(each.span.span.at, each.span.span.value)
        yield from self.repeated
        for record in self.others:
            if isinstance(record.value, BrokenText):
                report.note(record.value.code, record.at, "changed")
            yield record


def span_sessions(recording: Recording) -> dict[str, SpanSession]:
    """Return the sessions of a recording, by id.

    Raises:
        UnrecognizedError: No spans of models or agents are in it.
        DecodeError: Those that are follow a convention that isn't read.
        LimitExceededError: A span is nested too deep.
    """
    spans: list[GenAISpan] = []
    others: list[Record] = []
    for document in _documents(recording):
        found = [*spans_in(document.value, document.at)]
        if not found:
            others.append(document)
        for at, value, source in found:
            record = Record(at, value)
            if not isinstance(value, dict):
                others.append(record)
                continue
            check_depth(record, recording.limits)
            spans.append(GenAISpan(read_span(at, value, source)))
    latest = {(each.span.trace, each.span.id or each.span.at): each for each in spans}
    sessions = _grouped(latest.values(), recording.session_id)
    first = next(iter(sessions.values()), None)
    if first is None:
        where, reason = "$", "no spans of models or agents are in it"
        other = next(filter(None, (each.unsupported for each in spans)), "")
        hint = f"{other!a} is of a convention that isn't read" if other else ""
        kind = DecodeError if other else UnrecognizedError
        raise kind(where, reason, hint=hint)
    first.others += others
    kept = {each.span.at for each in latest.values()}
    first.repeated += [
        Record(each.span.at, each.span.value)
        for each in spans
        if each.span.at not in kept
    ]
    return sessions


def _documents(recording: Recording) -> Iterator[Record]:
    head = recording.head
    if head.layout == "list":
        yield from records_in(recording.document())
    elif head.layout == "object" and "\n" in head.text.strip():
        yield Record("", recording.document())
    else:
        yield from recording.lines(ConversionReport(""))


def _grouped(spans: Iterable[GenAISpan], otherwise: str) -> dict[str, SpanSession]:
    ordered = sorted(spans, key=lambda each: (each.span.start, -each.span.end))
    places = _places(ordered)
    conversations: dict[str, str] = {}  # the first of each trace
    for each in ordered:
        if each.conversation:
            conversations.setdefault(each.span.trace, each.conversation)
    sessions: dict[str, SpanSession] = {}
    elsewhere: list[PlacedSpan] = []
    for each in ordered:
        place, trace = places[each.span.at], each.span.trace
        main = place.conversation or conversations.get(trace) or trace or otherwise
        session_id = f"{main}/{place.session}" if place.session else main
        is_nested = each.operation == TOOL and place.tool is not None
        placed = PlacedSpan(each, place.agent, is_nested)
        if each.operation:
            session = sessions.setdefault(session_id, SpanSession())
            if place.caller and session.parent is None:
                call_id = place.caller.call_id or None
                session.parent = {"session_id": main, "call_id": call_id}
            session.spans.append(placed)
        elif session_id in sessions:
            sessions[session_id].spans.append(placed)
        else:
            elsewhere.append(placed)
    for session in [*sessions.values()][:1]:
        session.spans[:0] = elsewhere
    return sessions


def _places(spans: Iterable[GenAISpan]) -> dict[str, _Place]:
    """Return where each span is, by its own place in the recording."""
    by_key: dict[_Key, GenAISpan] = {}
    for each in spans:
        by_key.setdefault((each.span.trace, each.span.id), each)
    found: dict[str, _Place] = {}
    for each in spans:
        waiting: list[GenAISpan] = []
        on_way: set[str] = set()
        at: GenAISpan | None = each
        while at and at.span.at not in found and at.span.at not in on_way:
            waiting.append(at)
            on_way.add(at.span.at)
            at = by_key.get((at.span.trace, at.span.parent))
        place = _ROOT
        if at and at.span.at in found:
            place = _inside(found[at.span.at], at)
        for span in reversed(waiting):
            own = found[span.span.at] = _below(place, span)
            place = _inside(own, span)
    return found


def _below(place: _Place, span: GenAISpan) -> _Place:
    """Return where a span is whose parent is at a place."""
    conversation = span.conversation or place.conversation
    place = attrs.evolve(place, conversation=conversation)
    operation, tool = span.operation, place.tool
    if tool and operation in AGENT:
        return _Place(conversation, span.span.id, span, None, tool)
    if tool and operation in MODEL:
        return _Place(conversation, tool.span.id, None, None, tool)
    if operation in AGENT and not place.agent:
        return attrs.evolve(place, agent=span)
    return place


def _inside(place: _Place, span: GenAISpan) -> _Place:
    """Return where the spans below a span are."""
    return attrs.evolve(place, tool=span) if span.operation == TOOL else place


_ROOT: Final = _Place()
