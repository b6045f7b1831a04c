"""The sessions in a log of Codex, and how each is converted."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

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
from replay_backends.formats.recording import Recording


def in_exec_stream(recording: Recording) -> Iterator[Conversion]:
    """Yield how the session of what ``codex exec --json`` printed is converted."""
    lines = recording.lines
    stream = outline_of_exec(lines(ConversionReport("")))
    session_id = stream.thread_id or recording.session_id
    yield Conversion(session_id, lines, partial(ExecConverter, stream))


def in_rollout(recording: Recording) -> Iterator[Conversion]:
    """Yield how a rollout's session is converted, and each branch if separate."""
    lines, which = recording.lines, recording.options.branches
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
