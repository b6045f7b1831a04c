"""The parts of a rollout's record, with an envelope or without one."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import attrs

from replay_backends.formats.members import object_in, rest_of, text_in
from replay_backends.formats.message_parts import parts_of, split_content

_ENVELOPES: Final = frozenset(
    {
        "compacted", "event_msg", "inter_agent_communication",
        "inter_agent_communication_metadata", "response_item", "session_meta",
        "token_usage_record", "turn_context", "world_state",
    }
)  # fmt: skip
_METADATA: Final = "internal_chat_message_metadata_passthrough"
_INJECTED: Final = (
    "<environment_context>", "<user_instructions>", "<permissions instructions>",
    "<turn_context>", "<skills_instructions>", "<user_shell_command>",
    "<turn_aborted>", "<subagent_notification>", "<INSTRUCTIONS>",
    "# AGENTS.md instructions for",
)  # fmt: skip
_IMAGE_TAG: Final = re.compile(r"</?image\b[^>]*>")
_TEXT_PARTS: Final = ("input_text", "output_text", "text")

#: Response items that are bookkeeping.
SKIPPED_ITEMS: Final = frozenset(
    {
        "additional_tools", "compaction_trigger", "configuration_update",
        "ghost_snapshot", "other",
    }
)  # fmt: skip
#: The events that end a run.
ENDS: Final = ("task_complete", "turn_complete", "turn_aborted")
#: The events that begin one.
STARTS: Final = ("task_started", "turn_started")


class Parts(NamedTuple):
    """A record's type, its payload, and what is around it."""

    type: str
    kind: str  #: the payload's own type
    payload: dict[str, Any]
    envelope: dict[str, Any]  #: such as the time
    has_payload: bool = True


def split_record(value: dict[str, Any]) -> Parts:
    """Return the parts of a record; in 2025, response items had no envelope."""
    kind, payload = text_in(value, "type"), value.get("payload")
    if isinstance(payload, dict):
        envelope = rest_of(value, "type", "payload")
        return Parts(kind or "untyped", text_in(payload, "type"), payload, envelope)
    if kind in _ENVELOPES:
        return Parts(kind, "", {}, {}, has_payload=False)
    if kind:
        return Parts("response_item", kind, value, {})
    if value.get("record_type") == "state":
        return Parts("state", "", value, {})
    is_first = "id" in value and "timestamp" in value
    return Parts("session_meta" if is_first else "untyped", "", value, {})


@attrs.define
class Message:
    """The parts of a user's message, sorted."""

    parts: list[dict[str, Any]] = attrs.field(factory=list)  #: what the user said
    image_tags: list[str] = attrs.field(factory=list)  #: what stands around an image
    #: What the program added to what the user wrote.
    added: list[dict[str, Any]] = attrs.field(factory=list)
    is_users: bool | None = None  #: whether a user wrote any; None: it doesn't say

    @property
    def looks_injected(self) -> bool:
        """Tell whether all of it begins as what Codex adds, or nothing is there."""
        texts, others = split_content(self.parts)
        if not texts:
            return not others
        return all(text.lstrip().startswith(_INJECTED) for text in texts)


def message_of(payload: Mapping[str, Any]) -> Message:
    """Return the parts of a message with the role of the user."""
    content, authors = parts_of(payload.get("content")), _authors(payload)
    has_image = any(part.get("type") == "input_image" for part in content)
    message = Message(is_users="user" in authors if authors else None)
    for number, part in enumerate(content):
        text = text_of(part)
        if text and has_image and _IMAGE_TAG.fullmatch(text.strip()):
            message.image_tags.append(text)
        elif text is None or authors[number : number + 1] in ([], ["user"]):
            message.parts.append(part)
        else:
            message.added.append(part)
    return message


def text_of(part: Mapping[str, Any]) -> str | None:
    """Return the text of a part of a message; None: it isn't text."""
    text = part.get("text")
    is_text = part.get("type") in _TEXT_PARTS and isinstance(text, str)
    return text if is_text else None


def _authors(payload: Mapping[str, Any]) -> list[str]:
    """Return who wrote each part of a message: ``user`` or else; empty: unknown."""
    metadata = object_in(payload, _METADATA)
    found: list[str] = []
    match metadata:
        case {"content_item_metadata": [*items]}:
            parts = [each if isinstance(each, dict) else {} for each in items]
            found = [text_in(object_in(each, "provenance"), "type") for each in parts]
    if not any(found):
        match metadata:
            case {"content_item_kinds": [*kinds]}:
                found = [str(kind).partition(".")[0] for kind in kinds]
    return found if any(found) else []
