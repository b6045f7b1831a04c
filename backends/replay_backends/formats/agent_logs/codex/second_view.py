"""What the screen showed: a second view of a session, beside the response items."""

from array import array
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.codex.rollout_records import STARTS, Parts
from replay_backends.formats.members import object_in, text_in

#: Events that tell once more what a response item says, or only how it was shown.
_EVENTS: Final = frozenset(
    {
        "agent_message", "agent_reasoning", "agent_reasoning_raw_content",
        "context_compacted", "exec_command_end", "image_generation_end",
        "mcp_tool_call_end", "patch_apply_end", "sub_agent_activity",
        "thread_name_updated", "thread_rolled_back", "thread_settings_applied",
        "token_count", "user_message", "web_search_end", *STARTS,
    }
)  # fmt: skip
_ITEMS: Final = frozenset(
    {
        "AgentMessage", "CommandExecution", "ContextCompaction", "FileChange",
        "McpToolCall", "Reasoning", "UserMessage", "WebSearch",
    }
)  # fmt: skip
#: Events and shown items that no response item says.
_ONLY_SHOWN: Final = ("Plan", "Sleep", "entered_review_mode", "exited_review_mode")
_COMPLETED: Final = "item_completed"


def kind_of_shown(parts: Parts) -> str:
    """Return the kind of an event, with that of the item that it shows."""
    if parts.kind != _COMPLETED:
        return parts.kind or "event_msg"
    shown = text_in(object_in(parts.payload, "item"), "type")
    return f"{_COMPLETED}.{shown}".removesuffix(".")


@attrs.define
class SecondView:
    """The events of a log that tell what its response items say, too."""

    _items: "array[int]" = attrs.field(factory=lambda: array("q"))  # hashes of ids
    _unknown: dict[int, set[int]] = attrs.field(factory=dict)  # place -> hashes

    def see(self, place: int, parts: Parts) -> None:
        """Take in the next record."""
        if parts.type == "response_item":
            self._items.extend(_ids_in(parts.payload))
        elif parts.type == "event_msg" and not is_second_view(parts):
            shown = parts.payload
            if parts.kind == _COMPLETED:
                shown = object_in(shown, "item")
            if text_in(shown, "type") not in _ONLY_SHOWN and (ids := _ids_in(shown)):
                self._unknown[place] = ids

    def places(self) -> set[int]:
        """Return where events of unknown kinds show what a response item says."""
        known = {*self._items} if self._unknown else set[int]()
        return {place for place, ids in self._unknown.items() if ids & known}


def is_second_view(parts: Parts) -> bool:
    """Tell from an event's kind whether response items say it, too."""
    shown = text_in(object_in(parts.payload, "item"), "type")
    return parts.kind in _EVENTS or (parts.kind == _COMPLETED and shown in _ITEMS)


def _ids_in(payload: Mapping[str, Any]) -> set[int]:
    """Return the hashes of the ids by which other records name this one."""
    ids = (text_in(payload, "call_id"), text_in(payload, "id"))
    return {hash(each) for each in ids if each}
