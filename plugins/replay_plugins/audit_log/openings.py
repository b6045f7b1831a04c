"""The file of openings, which grows with the log."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from replay.errors import AuditTamperedError
from replay_plugins.audit_log.appending import AppendOnlyFile
from replay_plugins.audit_log.content import Opening
from replay_plugins.audit_log.private_files import open_private


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

    def append(self, openings: Iterable[Opening], seq: int) -> int:
        """Write the openings of the next record; return what :meth:`cut` takes.

        Raises:
            AuditError: They cannot be written; the file is as it was.
        """
        before = self._file.size
        if lines := b"".join(each.line(seq) for each in openings):
            self._file.append(lines)
        return before

    def cut(self, size: int) -> None:
        """Remove what was appended since: there is no such record."""
        self._file.cut(size)

    def sync(self) -> None:
        """Return when all of it is on the disk."""
        self._file.sync()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _end(path: Path, size: int) -> int:
    """Return how many bytes of the file belong to the first *size* records."""
    end = 0
    with os.fdopen(open_private(path, os.O_RDONLY), "rb") as file:
        for line in file:
            if not line.endswith(b"\n") or b"\0" in line or _seq(line, path) >= size:
                break
            end += len(line)
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
