"""The format of Codex's logs: how they are recognized, and which sessions they hold.

Read on with ``rollout_outline``, the first pass: ``copied_history``, ``turn_ends``,
``user_prompts``, ``hidden_answers`` and ``second_view`` each look for one thing. Then
``rollout``, the second pass, whose items ``response_items`` converts. ``exec_stream``
is for what ``codex exec --json`` prints.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import attrs

from replay import ConversionReport
from replay.errors import ReplayError
from replay_backends.formats.agent_logs.codex.exec_stream import (
    ExecConverter,
    outline_of_exec,
)
from replay_backends.formats.agent_logs.codex.rollout import RolloutConverter
from replay_backends.formats.agent_logs.codex.rollout_outline import outline_of
from replay_backends.formats.agent_logs.codex.rollout_records import Parts, split_record
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
        lines, which = recording.lines, recording.options.branches
        if _is_exec(recording.head):
            stream = outline_of_exec(lines(ConversionReport("")))
            session_id = stream.thread_id or recording.session_id
            yield Conversion(session_id, lines, partial(ExecConverter, stream))
            return
        read_log = partial(_log_of, recording)
        outline = outline_of(lines(ConversionReport("")), read_log)
        session_id = outline.copies.session_id or recording.session_id
        branches: list[str | None] = [None if which == "all" else ""]
        if which == "separate":
            branches += dict.fromkeys(outline.dead.values())
        for branch in branches:
            branch_id = f"{session_id}~{branch}" if branch else session_id
            converter = partial(RolloutConverter, outline, branch=branch)
            yield Conversion(branch_id, lines, converter)


def _log_of(recording: Recording, session_id: str) -> Iterator[Parts]:
    """Yield the records of a session's log near this one, which begins with its header.

    Raises:
        DecodeError, BackendError: The log cannot be read after its header.
    """
    for text in recording.near(session_id):
        records = attrs.evolve(recording, text=text).lines(ConversionReport(""))
        found = (split_record(each.value) for each in records if _is_object(each.value))
        first = None
        with suppress(ReplayError):
            first = next(found, None)
        if first and first.payload.get("id") == session_id:
            yield first
            yield from found
            return


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


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
