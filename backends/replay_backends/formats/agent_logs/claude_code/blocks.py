"""The blocks of a model's response, as events."""

from collections.abc import Mapping
from typing import Any

from replay_backends.formats.agent_logs.claude_code.entries import (
    CALLS,
    call_id_of,
)
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import left_of, rest_of, text_in
from replay_backends.formats.message_parts import keep_part
from replay_backends.formats.recording import Record


def add_block(
    build: EventBuilder,
    record: Record,
    number: int,
    block: dict[str, Any],
    envelope: Mapping[str, Any],
) -> None:
    """Add what a block says.

    Args:
        build: Takes the event.
        record: The block's record.
        number: The block's number in it, from 0.
        block: The block.
        envelope: What the record holds beside it.
    """
    kind = text_in(block, "type")
    match kind, block:
        case "text", {"text": str(text)}:
            build.say("text", text, {**envelope, **rest_of(block, "type", "text")})
        case "thinking", {"thinking": str(text)} if text or not block.get("signature"):
            rest = rest_of(block, "type", "thinking")
            build.say("thinking", text, {**envelope, **rest})
        case _ if kind in CALLS:
            said = {"type": str, "id": str, "name": str, "input": object}
            rest = left_of(block, **said, server_name=str)
            if kind != "tool_use":
                rest["server"] = block.get("server_name", True)
            if not text_in(block, "id"):
                rest["id"] = "made"
                build.note("id-made", "invented")
            call_id, name = call_id_of(record, block, number), text_in(block, "name")
            build.call(call_id, name, block.get("input"), {**envelope, **rest})
        case _, {"tool_use_id": str(call_id)} if kind.endswith("tool_result"):
            rest = rest_of(block, "type", "tool_use_id", "content")
            build.result(call_id, block.get("content"), {**envelope, **rest})
        case _:
            keep_part(build, block)
