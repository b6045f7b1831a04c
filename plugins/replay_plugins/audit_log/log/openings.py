"""The file of openings, which grows with the log."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from replay.errors import AuditError, AuditTamperedError
from replay_plugins.audit_log.log.appender import AppendOnlyFile
from replay_plugins.audit_log.log.content import Opening
from replay_plugins.audit_log.log.private_files import open_private


class Openings:
    """Keeps the values that records are committed to.

    An opening is written before its record. One whose record was never written is
    removed when the log is opened.

    Args:
        path: The file; it is made where it is missing.
        size: How many records the log has.

    Raises:
        AuditTamperedError: It holds what is no opening.
        AuditError: It cannot be opened.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._file = AppendOnlyFile(path)
        self._file.cut(_end(path, size))

    @property
    def size(self) -> int:
        """Return how many bytes there are: what :meth:`cut` takes."""
        return self._file.size

    def append(self, openings: Iterable[Opening], seq: int) -> None:
        """Write the openings of the next record.

        Raises:
            AuditError: They cannot be written; the file is as it was.
        """
        if lines := b"".join(each.line(seq) for each in openings):
            self._file.append(lines)

    def cut(self, size: int) -> None:
        """Remove what was appended since it had that size: there is no such record."""
        self._file.cut(size)

    def sync(self) -> None:
        """Return when all of it is on the disk."""
        self._file.sync()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def append_record(
    file: AppendOnlyFile,
    line: bytes,
    kept: Openings | None,
    openings: Iterable[Opening],
    seq: int,
) -> None:
    """Write a record after its openings; or neither of them.

    Args:
        file: Gets the record.
        line: The record.
        kept: Gets the openings; None: there are none.
        openings: What the record is committed to.
        seq: Its number.

    Raises:
        AuditError: As from :meth:`AppendOnlyFile.append`.
    """
    before = kept.size if kept else 0
    try:
        if kept:
            kept.append(openings, seq)
        file.append(line)
    except AuditError:
        if kept:
            kept.cut(before)  # of a record that is not there
        raise


def _end(path: Path, size: int) -> int:
    """Return where the last opening of the first *size* records ends."""
    end = position = 0
    with os.fdopen(open_private(path, os.O_RDONLY), "rb") as file:
        for line in file:
            position += len(line)
            is_whole = line.endswith(b"\n") and b"\0" not in line
            if is_whole and _seq(line, path) < size:
                end = position
    return end


def _seq(line: bytes, path: Path) -> int:
    try:
        seq = json.loads(line)["seq"]
    except (ValueError, KeyError, TypeError):
        seq = None
    if not isinstance(seq, int):
        hint = "put the right file back, or begin another log"
        raise AuditTamperedError(str(path), "it holds what is no opening", hint)
    return seq
