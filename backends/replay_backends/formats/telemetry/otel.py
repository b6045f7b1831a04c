"""OpenTelemetry's traces of models and agents: spans, each with the history so far.

Read on with ``otlp`` (spans as JSON), ``genai_span`` (what a span says of a model),
``span_sessions`` (which session each is of), ``span_outline`` (which are read for what)
and ``span_converter``, with ``chat_history`` and ``part_converter``.
"""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import member
from replay_backends.formats.recording import Recording


class OpenTelemetry:
    """Traces in OTLP's JSON: one document, a list of them, or one a line."""

    prefix: ClassVar = "otel-genai"

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        return any(map(_holds_spans, (head.members, *head.records)))

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how each of its conversations is converted."""
        from replay_backends.formats.telemetry.span_converter import (  # noqa: PLC0415 - slow, seldom needed
            SpanConverter,
        )
        from replay_backends.formats.telemetry.span_sessions import (  # noqa: PLC0415 - slow, seldom needed
            span_sessions,
        )

        for session_id, session in span_sessions(recording).items():
            converter = partial(SpanConverter, session)
            yield Conversion(session_id, session.records, converter)


def _holds_spans(value: object) -> bool:
    names = ("resourceSpans", "resource_spans")
    return any(isinstance(member(value, name), list) for name in names)
