"""What a record says of an event: in clear, and what may have to be hidden.

Names are OpenTelemetry's for generative AI where it has one, else the wire's.

Source: OpenTelemetry, semantic conventions for generative AI, 1.42.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, TypeAlias

import attrs

from replay import (
    Diagnostic,
    Event,
    Message,
    PluginError,
    ReplayReport,
    Session,
    Stop,
    ToolCall,
    ToolResult,
    UnknownEvent,
)
from replay.hashing import hash_session

SESSION_ID: Final = "gen_ai.conversation.id"
ERROR_TYPE: Final = "error.type"
TOOL_NAME: Final = "gen_ai.tool.name"
CALL_ID: Final = "gen_ai.tool.call.id"

_Fields: TypeAlias = Mapping[str, object]
_NOTHING: Final[_Fields] = {}


@attrs.frozen
class Facts:
    """What a record says."""

    clear: _Fields = _NOTHING
    sensitive: _Fields = _NOTHING  #: shown as the policy says


def of_session(session: Session) -> Facts:
    """Return what a session is, before it is walked."""
    return Facts(
        {
            "shape": session.shape,
            "session.digest": digest_of(session),
            "events": len(session.events),
        }
    )


def of_report(report: ReplayReport, session: Session | None) -> Facts:
    """Return what a session came to.

    Args:
        report: What happened.
        session: The session, where it was not known when it began; None: it was.
    """
    digest = {"session.digest": digest_of(session)} if session else _NOTHING
    return Facts(
        {
            "outcome": report.outcome,
            "turns": report.turns,
            "events": report.events,
            "messages": report.messages,
            "diagnostics": report.diagnostics,
            "plugin_errors": len(report.plugin_errors),
            "dropped_plugins": report.dropped_plugins,
            **digest,
        }
    )


def of_plugin_error(error: PluginError) -> Facts:
    """Return which plugin failed, where, and how."""
    cause = type(error.__cause__ or error).__name__
    clear = {"plugin": error.plugin, "hook": error.hook, ERROR_TYPE: cause}
    return Facts(clear, {"reason": error.reason})


def of_message(message: Message) -> Facts:
    """Return a block of text or thinking."""
    clear = {
        "type": message.kind,
        "complete": message.complete,
        "source": message.source,
    }
    extra = _extra(message.event) if message.event else _NOTHING
    return Facts(clear, {"content": message.content, **extra})


def of_content(event: Event, **clear: object) -> Facts:
    """Return a user input or a delta: an event that is a text."""
    content = getattr(event, "content", None)
    return Facts(clear, {"content": content, **_extra(event)})


def of_call(event: ToolCall) -> Facts:
    """Return which tool was called, and with what."""
    arguments = {"gen_ai.tool.call.arguments": event.arguments}
    clear = {TOOL_NAME: event.name, CALL_ID: event.call_id}
    return Facts(clear, {**arguments, **_extra(event)})


def of_result(event: ToolResult, call: ToolCall | None) -> Facts:
    """Return what a tool gave, and whether it was asked."""
    image = event.image_attachment
    clear = {
        TOOL_NAME: event.name,
        CALL_ID: event.call_id,
        "is_answer": call is not None,
    }
    result = {"gen_ai.tool.call.result": event.result}
    page = {"image_attachment": image.as_object()} if image else _NOTHING
    return Facts(clear, {**result, **page, **_extra(event)})


def of_stop(event: Stop) -> Facts:
    """Return how a run ended, and what it cost."""
    usage, skipped = event.usage, event.skipped_index_ids
    clear: dict[str, object] = {
        "is_error": event.is_error,
        "gen_ai.usage.input_tokens": usage.total_input_tokens,
        "gen_ai.usage.output_tokens": usage.total_output_tokens,
        "round_trips": usage.turns,
        "duration_ms": usage.duration_ms,
    }
    if skipped is not None:
        clear["skipped_index_ids"] = skipped
    error = _NOTHING if event.error is None else {"error": event.error}
    return Facts(clear, {**error, **_extra(event)})


def of_unknown(event: UnknownEvent) -> Facts:
    """Return an entry of the history that is none of the known events."""
    return Facts({"code": event.code}, {"raw": event.raw})


def of_diagnostic(diagnostic: Diagnostic) -> Facts:
    """Return what is odd about the history."""
    return Facts({"code": diagnostic.code}, {"detail": diagnostic.detail})


def digest_of(session: Session) -> str:
    """Return the SHA-256 of what ``replay.dump`` writes of a session."""
    hashed = sha256()
    hash_session(session, hashed)
    return f"sha256:{hashed.hexdigest()}"


def _extra(event: Event) -> _Fields:
    extra = getattr(event, "extra", None)
    return {"extra": extra} if extra else {}
