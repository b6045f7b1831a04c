"""The events of a stream of the API that Claude Code prints, as deltas.

Each block comes again in a record of its own, whole; so only its texts are taken here.
"""

from collections.abc import Mapping
from typing import Any, Final

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import object_in, text_in
from replay_backends.formats.recording import Fate, Record

_FRAMES: Final = frozenset(
    {
        "content_block_stop",
        "error",  # the result says so, too
        "message_delta",
        "message_start",
        "message_stop",
        "ping",
    }
)
_PIECES: Final = frozenset({"citations_delta", "input_json_delta", "signature_delta"})


def streamed_response(record: Record, before: str) -> str:
    """Return the response that an event is of.

    Args:
        record: The event's record.
        before: The response that the event before it was of; empty: of none.
    """
    match record.value.get("event"):
        case {"type": "message_start", "message": dict(message)}:
            return text_in(message, "id") or record.at
    return before


def streamed_message(record: Record) -> dict[str, Any]:
    """Return what an event says of its response as a whole."""
    match record.value.get("event"):
        case {"type": "message_start", "message": dict(message)}:
            return message
        case {"type": "message_delta", "delta": dict(delta), "usage": usage}:
            return {**delta, "usage": usage}
    return {}


def add_delta(
    build: EventBuilder, record: Record, envelope: Mapping[str, Any]
) -> tuple[Fate, str]:
    """Add the piece of a text or of thinking that an event holds."""
    event = object_in(record.value, "event")
    kind = f"stream_event.{text_in(event, 'type')}"
    imported = {**envelope, "event": None}
    match event:
        case {"delta": {"type": "text_delta", "text": str(text)}}:
            build.say("text_delta", text, imported)
        case {"delta": {"type": "thinking_delta", "thinking": str(text)}}:
            build.say("thinking_delta", text, imported)
        case {"type": "content_block_start", "content_block": dict(block)}:
            return _begin(build, record, block, imported)
        case {"type": "content_block_delta", "delta": {"type": str(delta)}}:
            known = delta in _PIECES
            return build.skip(record, kind) if known else build.keep_whole(record, kind)
        case {"type": str(frame)} if frame in _FRAMES:
            return build.skip(record, kind)
        case _:
            return build.keep_whole(record, kind)
    return "mapped", kind


def _begin(
    build: EventBuilder,
    record: Record,
    block: dict[str, Any],
    imported: Mapping[str, Any],
) -> tuple[Fate, str]:
    """Add the text that a block begins with, if any."""
    text, kind = text_in(block, text_in(block, "type")), "stream_event.block_start"
    if block.get("type") not in ("text", "thinking") or not text:
        return build.skip(record, kind)
    build.say(f"{block['type']}_delta", text, imported)
    return "mapped", kind
