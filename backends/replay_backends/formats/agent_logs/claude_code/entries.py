"""What a record of Claude Code holds, and what a user's record is."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from replay_backends.formats.members import object_in, rest_of, text_in
from replay_backends.formats.message_parts import parts_of, split_content
from replay_backends.formats.recording import Record

#: The kinds of records that form the tree of a transcript.
CHAIN: Final = frozenset({"user", "assistant", "system", "attachment", "progress"})
#: The blocks that call a tool.
CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_HARNESS: Final = "<synthetic>"  # the "model" of what no model said

#: What a record of type ``user`` is. Only a prompt is what the user said.
UserKind: TypeAlias = Literal[
    "results",
    "compact-summary",
    "meta",
    "notification",
    "interrupt",
    "command",
    "prompt",
    "user",  # it says nothing
]

#: What of a message is kept elsewhere, or says the same in each.
_SAID: Final = ("type", "role", "content", "id", "usage", "stop_reason")
_INTERRUPTS: Final = frozenset(
    {"[Request interrupted by user]", "[Request interrupted by user for tool use]"}
)
_COMMANDS: Final = (
    "<command-name>",
    "<local-command-stdout>",
    "<local-command-caveat>",
    "<bash-input>",
    "<bash-stdout>",
)
_NOTIFICATION: Final = "<task-notification>"


def user_kind(value: Mapping[str, Any], blocks: list[dict[str, Any]]) -> UserKind:
    """Return what a record of type ``user`` with these blocks is."""
    if any(each.get("type") == "tool_result" for each in blocks):
        return "results"
    if value.get("isCompactSummary"):
        return "compact-summary"
    if value.get("isMeta") or value.get("isSynthetic"):
        return "meta"
    return _kind_said(value, said_in(blocks)) if blocks else "user"


def _kind_said(value: Mapping[str, Any], said: str) -> UserKind:
    if not _is_human(value.get("origin")) or is_notification(said):
        return "notification"
    said = said.strip()
    if said in _INTERRUPTS:
        return "interrupt"
    return "command" if said.startswith(_COMMANDS) else "prompt"


def is_notification(said: str) -> bool:
    """Tell whether a text says that something in the background has ended."""
    return said.lstrip().startswith(_NOTIFICATION)


def _is_human(origin: object) -> bool:
    return not isinstance(origin, dict) or origin.get("kind", "human") == "human"


def blocks_in(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the blocks of a record's message."""
    return blocks_of(object_in(value, "message").get("content"))


def blocks_of(content: object) -> list[dict[str, Any]]:
    """Return the blocks of what was said; a text is one."""
    return parts_of(content) if isinstance(content, str | list) else []


def said_in(blocks: list[dict[str, Any]]) -> str:
    """Return the texts of blocks, joined."""
    return "\n\n".join(split_content(blocks)[0])


def envelope_of(record: Record) -> dict[str, Any]:
    """Return what a record and its message hold beside the content."""
    known = ("type", "message", "toolUseResult", "tool_use_result")
    rest, message = rest_of(record.value, *known), object_in(record.value, "message")
    return {**rest, **rest_of(message, *_SAID), "message_id": message.get("id")}


def is_model_s(value: Mapping[str, Any]) -> bool:
    """Tell whether a model said what an assistant's record holds, not the program."""
    by_program = object_in(value, "message").get("model") == _HARNESS
    return not (by_program or value.get("isApiErrorMessage"))


def call_id_of(record: Record, block: Mapping[str, Any], number: int) -> str:
    """Return the id of a call in a record's block; one without an id gets one.

    Args:
        record: The record.
        block: The block.
        number: Its number in the record, from 0.
    """
    made = f"{text_in(record.value, 'uuid') or record.at}/{number}"
    return text_in(block, "id") or made
