"""The records of Claude Code that are bookkeeping."""

from collections.abc import Mapping
from typing import Any, Final

from replay_backends.formats.members import text_in

_TYPES: Final = frozenset(
    {
        "agent-name", "agent-setting", "ai-title", "api-request", "api-request-blob",
        "api-request-shape", "atis-latch", "cost-state", "custom-title",
        "file-history-delta", "file-history-snapshot", "last-prompt", "mode",
        "permission-mode", "pr-link", "progress", "result", "started", "summary", "tag",
        "tools-used", "worktree-state",
    }
)  # fmt: skip
#: What the model is told of its surroundings, again and again.
_CONTEXT: Final = frozenset(
    {
        "agent_listing_delta", "auto_mode", "command_permissions", "date",
        "date_change", "deferred_tools_delta", "deferred_tools_record", "dynamic_skill",
        "environment", "invoked_skills", "mcp_instructions_delta", "model",
        "prompt_snapshot", "remote_session_change", "session_context", "skill_listing",
        "task_reminder", "todo_reminder", "total_tokens_reminder",
    }
)  # fmt: skip
_HOOKS: Final = frozenset({"hook_success", "hook_system_message"})
_SYSTEM: Final = frozenset(
    {"status", "stop_hook_summary", "thinking_tokens", "turn_duration"}
)
_IN_QUEUE: Final = frozenset({"enqueue", "dequeue"})  # the prompt comes as the user's


def kind_of(value: Mapping[str, Any]) -> str:
    """Return the kind of a record, named as far as it tells."""
    kind = text_in(value, "type")
    match value:
        case {"type": "system", "subtype": str(subtype)}:
            return f"system.{subtype}"
        case {"type": "attachment", "attachment": {"type": str(attached)}}:
            return f"attachment.{attached}"
        case {"type": "queue-operation", "operation": str(operation)}:
            return f"queue-operation.{operation}"
    return kind or "untyped"


def is_bookkeeping(value: Mapping[str, Any]) -> bool:
    """Tell whether a record is bookkeeping; one of an unknown type never is."""
    match value:
        case {"type": "system", "subtype": str(subtype)}:
            return subtype in _SYSTEM
        case {"type": "attachment", "attachment": {"type": str(kind), **rest}}:
            is_silent = not (rest.get("content") or rest.get("stdout"))
            return kind in _CONTEXT or (kind in _HOOKS and is_silent)
        case {"type": "queue-operation", "operation": str(operation)}:
            return operation in _IN_QUEUE
    return text_in(value, "type") in _TYPES
