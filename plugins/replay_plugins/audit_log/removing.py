"""A committed value removed for good: a mark takes its opening's place."""

from collections.abc import Iterator
from pathlib import Path

from replay.errors import UnknownNameError
from replay_plugins.audit_log.appending import AppendOnlyFile
from replay_plugins.audit_log.chain import json_bytes, timestamp
from replay_plugins.audit_log.locking import Lock
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.opening_checks import OpeningLine, read_opening
from replay_plugins.audit_log.private_files import refusals_of, sync_directory
from replay_plugins.audit_log.reading import lines_of


def remove(path: Path, seq: int, field: str) -> None:
    """Remove the value that a record is committed to; the record stays as it is.

    Args:
        path: The log, which nobody may be writing meanwhile.
        seq: The record's number.
        field: Which of its fields.

    Raises:
        UnknownNameError: There is no such value, or it was removed before.
        OSError: There are no openings, or they cannot be read.
        AuditLockedError: Somebody writes the log.
        AuditError: They cannot be written; they are as they were.
    """
    files = LogFiles(path)
    files.openings.stat()
    lock = Lock(files.lock)
    try:
        _rewrite(files.openings, seq, field)
    finally:
        lock.close()


def _rewrite(openings: Path, seq: int, field: str) -> None:
    draft = openings.with_name(f"{openings.name}.tmp")
    with refusals_of(draft):
        draft.unlink(missing_ok=True)
    file = AppendOnlyFile(draft)
    try:
        for line in _marked(openings, seq, field):
            file.append(line)
        file.sync()
        with refusals_of(openings):
            draft.replace(openings)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        file.close()
    sync_directory(openings)


def _marked(openings: Path, seq: int, field: str) -> Iterator[bytes]:
    """Yield the lines of the openings, with a mark in place of one."""
    is_found = False
    for number, line in enumerate(lines_of(openings), 1):
        opening = read_opening(line, number)
        if opening is not None and (opening.seq, opening.field) == (seq, field):
            yield _mark(opening)
            is_found = True
        else:
            yield line
    if not is_found:
        reason = f"record {seq} has no opening of {field!r}"
        hint = f"{openings.name} holds those that there are"
        raise UnknownNameError(reason, hint)


def _mark(opening: OpeningLine) -> bytes:
    if opening.removed is not None:
        raise UnknownNameError(
            reason=f"record {opening.seq}: {opening.field} was removed before",
            hint=f"at {opening.removed}",
        )
    mark = {"seq": opening.seq, "field": opening.field, "removed": timestamp()}
    return json_bytes(mark) + b"\n"
