"""What must be known of a session's spans before they are converted."""

from collections.abc import Iterable
from typing import Any

import attrs

from replay_backends.formats.telemetry.genai_span import AGENT, MODEL, TOOL, GenAISpan
from replay_backends.formats.telemetry.span_sessions import PlacedSpan

_RESPONSES = ("tool_call_response", "server_tool_call_response")


@attrs.define
class SpanOutline:
    """Which spans are read for what.

    Agents repeat the messages and the tokens of the model's spans below them.
    """

    speakers: set[str] = attrs.field(factory=set)  #: their messages are read
    counters: set[str] = attrs.field(factory=set)  #: their tokens are read
    #: Calls whose results are in messages.
    answered: set[str] = attrs.field(factory=set)
    called: set[str] = attrs.field(factory=set)  #: calls that are in messages
    called_tools: set[str] = attrs.field(factory=set)  #: the names of these tools
    tools: dict[str, GenAISpan] = attrs.field(factory=dict)  #: spans of tools, by call

    def add_parts(self, span: GenAISpan) -> None:
        """Take in the calls and results in a span's messages."""
        for message in (*span.inputs, *span.outputs[:1]):
            for part in message.parts:
                self._add_part(part)

    def add_tool(self, placed: PlacedSpan) -> None:
        """Take in a tool's span."""
        if placed.span.call_id and not placed.is_inside_tool:
            self.tools.setdefault(placed.span.call_id, placed.span)

    def _add_part(self, part: Any) -> None:  # noqa: ANN401 - JSON
        match part:
            case {"type": kind, "id": str(call_id)} if kind in _RESPONSES:
                self.answered.add(call_id)
            case {"type": "tool_call" | "server_tool_call", "name": str(name)}:
                self.called_tools.add(name)
                self.called.add(str(part.get("id")))


def outline_of(spans: Iterable[PlacedSpan]) -> SpanOutline:
    """Return the outline of a session's spans."""
    outline = SpanOutline()
    placed = [*spans]
    models = [each.span for each in placed if each.span.operation in MODEL]
    agents = [each for each in placed if each.span.operation in AGENT]
    outermost = [each.span for each in agents if each.agent is each.span]
    for found in (models, outermost, [each.span for each in agents]):
        speaking = [each for each in found if each.has_messages]
        outline.speakers.update(each.span.at for each in speaking)
        for each in speaking:
            outline.add_parts(each)
        if speaking:
            break
    outline.counters.update(each.span.at for each in models or outermost)
    for tool in placed:
        if tool.span.operation == TOOL:
            outline.add_tool(tool)
    return outline
