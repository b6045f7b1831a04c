"""A converter of the parts of an assistant's and a tool's messages."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import rest_of, text_in
from replay_backends.formats.telemetry.genai_span import GenAISpan, response_of
from replay_backends.formats.telemetry.otlp import parsed, time_text
from replay_backends.formats.telemetry.span_outline import SpanOutline

_KNOWN: Final = frozenset(
    {
        "reasoning", "server_tool_call", "server_tool_call_response", "text",
        "tool_call", "tool_call_response",
    }
)  # fmt: skip


class PartConverter:
    """A converter of parts.

    Args:
        build: Takes the events.
        outline: The outline of the session's spans.
    """

    def __init__(self, build: EventBuilder, outline: SpanOutline) -> None:
        self.open_calls: dict[str, str] = {}  #: without results so far: id, tool
        self._build = build
        self._outline = outline
        self._fresh: list[str] = []  # the calls since another part

    def add(
        self, parts: Iterable[Any], span: GenAISpan, imported: Mapping[str, object]
    ) -> None:
        """Add the events of parts, and of tools' spans behind their calls."""
        for number, part in enumerate(parts):
            if not isinstance(part, dict):
                self._build.keep("part", part)
                continue
            if part.get("type") != "tool_call":
                self._add_results()
            self._add(part, f"{span.span.id}/{number}", span.span.at, imported)
        self._add_results()

    def tool(self, span: GenAISpan, name: str) -> bool:
        """Add the call and the result of a tool's span that no message tells of.

        Returns:
            Whether it holds any of both.
        """
        known = span.attributes
        call_id = span.call_id or span.span.id
        arguments = known.get("gen_ai.tool.call.arguments")
        if arguments is not None:
            kept = {"timestamp": time_text(span.span.start), "span_id": span.span.id}
            self._build.call(call_id, name, arguments, kept)
        return self._add_result(call_id, span, name) or arguments is not None

    def _add(
        self,
        part: Mapping[str, Any],
        made_id: str,
        at: str,
        imported: Mapping[str, object],
    ) -> None:
        build, kind = self._build, text_in(part, "type")
        match part:
            case {"type": "reasoning", "content": str(text)}:
                build.say("thinking", text, {**imported, **_rest(part)})
            case {"type": "text", "content": str(text)}:
                build.say("text", text, {**imported, **_rest(part)})
            case {"type": "tool_call", "name": str(name)}:
                call_id = self._call_id(part, made_id, at)
                rest = rest_of(part, "type", "id", "name", "arguments")
                arguments = part.get("arguments")
                build.call(call_id, name, arguments, {**imported, **rest})
                self.open_calls[call_id] = name
                self._fresh.append(call_id)
            case {"type": "server_tool_call", "name": str(name)}:
                call_id = self._call_id(part, made_id, at)
                kept = {**imported, **rest_of(part, "type", "id", "name", kind)}
                build.call(call_id, name, part.get(kind), kept)
            case {"type": "server_tool_call_response"} if kind in part:
                call_id = self._call_id(part, made_id, at)
                kept = {**imported, **rest_of(part, "type", "id", kind)}
                build.result(call_id, part[kind], kept)
            case {"type": "tool_call_response"} if (
                "response" in part or "result" in part
            ):
                call_id = self._answered_id(part, made_id, at)
                rest = rest_of(part, "type", "id", "response", "result")
                build.result(call_id, response_of(part), {**imported, **rest})
                self.open_calls.pop(call_id, None)
            case _:
                if kind in _KNOWN:
                    build.report.note("missing-field", at, "changed")
                build.keep(kind or "part", part)

    def _call_id(self, part: Mapping[str, Any], made_id: str, at: str) -> str:
        if found := text_in(part, "id"):
            return found
        self._build.report.note("id-made", at, "invented")
        return made_id

    def _answered_id(self, part: Mapping[str, Any], made_id: str, at: str) -> str:
        if found := text_in(part, "id"):
            return found
        self._build.report.note("paired-by-position", at, "changed")
        return next(iter(self.open_calls), made_id)

    def _add_results(self) -> None:
        """Add the results of tools' spans, of the calls since another part."""
        fresh, self._fresh = self._fresh, []
        for call_id in fresh:
            span = self._outline.tools.get(call_id)
            if span and call_id not in self._outline.answered:
                self._add_result(call_id, span, self.open_calls[call_id])

    def _add_result(self, call_id: str, span: GenAISpan, name: str) -> bool:
        result = parsed(span.attributes.get("gen_ai.tool.call.result"))
        error = span.span.error
        if result is None and error is None:
            return False
        kept = {
            "timestamp": time_text(span.span.end),
            "span_id": span.span.id or None,
            "is_error": True if error else None,
        }
        self._build.result(call_id, error if result is None else result, kept, name)
        self.open_calls.pop(call_id, None)
        return True


def _rest(part: Mapping[str, Any]) -> dict[str, Any]:
    return rest_of(part, "type", "content")
