"""The format of Codex's logs: how they are recognized, and which sessions they hold.

Read on with ``codex_sessions``, then ``rollout_outline``, the first pass:
``copied_history``, ``turn_ends``, ``user_prompts``, ``hidden_answers`` and
``second_view`` each look for one thing. Then ``rollout``, the second pass, whose items
``response_items`` converts. ``exec_stream`` is for what ``codex exec --json`` prints.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.recording import Recording

_ENVELOPES: Final = (
    "session_meta",
    "response_item",
    "event_msg",
    "turn_context",
    "compacted",
)


class Codex:
    """Rollouts of the Codex CLI, and the stream that ``codex exec --json`` prints."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        records = _records(head)
        return any(map(_is_enveloped, records)) or _is_older(records) or _is_exec(head)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted, and each branch if they are separate."""
        from replay_backends.formats.agent_logs.codex import (  # noqa: PLC0415 - slow, seldom needed
            codex_sessions,
        )

        if _is_exec(recording.head):
            return codex_sessions.in_exec_stream(recording)
        return codex_sessions.in_rollout(recording)


def _records(head: Head) -> list[Mapping[str, Any]]:
    """Return the first records; of a first line that is cut off, what is there."""
    if head.layout == "lines":
        return [*head.records]
    return [head.members] if head.layout == "object" else []


def _is_enveloped(record: Mapping[str, Any]) -> bool:
    return record.get("type") in _ENVELOPES and isinstance(record.get("payload"), dict)


def _is_older(records: list[Mapping[str, Any]]) -> bool:
    match records:
        case [{"id": str(), "timestamp": str(), **rest}, *_]:
            return "type" not in rest and ("instructions" in rest or "git" in rest)
    return False


def _is_exec(head: Head) -> bool:
    """Tell whether it is what ``codex exec --json`` prints."""
    return any(
        record.get("type") == "thread.started" and "thread_id" in record
        for record in _records(head)
    )
