"""Checks of openings against the commitments in records, and their removal."""

import re
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import attrs

from replay.errors import UnknownNameError
from replay_plugins.audit_log.format.chain import (
    head_of,
    is_time,
    json_bytes,
    kind_of,
    timestamp,
)
from replay_plugins.audit_log.log.appender import Lock
from replay_plugins.audit_log.log.content import DIGEST
from replay_plugins.audit_log.log.private_files import LogFiles, atomic_write
from replay_plugins.audit_log.verify.findings import Findings, Removed
from replay_plugins.audit_log.verify.log_reader import lines_of, records_of

_OPENING: Final = re.compile(
    rb'\{"seq":(0|[1-9]\d{0,17}),"field":"([\x20\x21\x23-\x5b\x5d-\x7e]+)",'
    rb'(?:"salt":"([0-9a-f]{64})","value":(.*)|"removed":"([0-9TZ:.-]+)")\}\n',
    re.DOTALL,
)


@attrs.frozen
class OpeningLine:
    """A line of the file of openings: an opening, or the mark of a removed one."""

    number: int  #: the line's, from 1
    end: int  #: the line's, in bytes
    seq: int
    field: str
    salt: bytes
    value: bytes  #: JSON, as it was hashed
    removed: str | None  #: the time when the value was removed; None: it is there

    @property
    def commitment(self) -> str:
        """Return the commitment to the value."""
        return sha256(self.salt + self.value).hexdigest()

    @classmethod
    def read(cls, line: bytes, number: int, end: int = 0) -> "OpeningLine | None":
        """Return the opening in a line with its line feed; None: there is none."""
        match = _OPENING.fullmatch(line)
        if match is None:
            return None
        seq, field, salt, value, removed = match.groups(b"")
        salt = bytes.fromhex(salt.decode())
        mark = removed.decode() or None
        if mark and not is_time(mark):
            return None
        return cls(number, end, int(seq), field.decode(), salt, value, mark)


class OpeningChecks:
    """A walk through the openings alongside the records, both ordered by number.

    Args:
        path: The file of openings, which may be missing.
        findings: The findings to add to.
    """

    def __init__(self, path: Path, findings: Findings) -> None:
        self._path, self._findings = path, findings
        self._is_there = path.exists()
        #: bytes that are there; what is appended later may be of later records
        self._size = path.stat().st_size if self._is_there else 0
        self._lines = self._read() if self._is_there else iter(())
        self._next: OpeningLine | None = None
        self._is_begun = False

    def take(self, seq: int, commitments: Mapping[str, str]) -> None:
        """Check the openings of record *seq* against its commitments, by field."""
        self._begin()
        openings = self._of(seq)
        for field, commitment in commitments.items():
            self._check(seq, field, commitment, openings.pop(field, None))
        for each in openings.values():
            self._stray(each)

    def end(self, size: int) -> None:
        """Check the rest of *size* records' openings; a crash may leave the next's."""
        self._begin()
        while self._next is not None:
            if self._next.seq < size:
                self._stray(self._next)
            elif self._next.seq > size and self._next.end <= self._size:
                reason = f"it opens a record that the log, of {size} records, has not"
                place = self._place(self._next.number)
                self._findings.add("complete", place, reason, self._next.seq)
            self._next = next(self._lines, None)

    def _begin(self) -> None:
        """Start reading after the first record: openings precede records on disk."""
        if not self._is_begun:
            self._is_begun = True
            self._next = next(self._lines, None)

    def _of(self, seq: int) -> dict[str, OpeningLine]:
        found: dict[str, OpeningLine] = {}
        while self._next is not None and self._next.seq <= seq:
            if self._next.seq < seq or self._next.field in found:
                self._stray(self._next)
            else:
                found[self._next.field] = self._next
            self._next = next(self._lines, None)
        return found

    def _check(
        self, seq: int, field: str, commitment: str, opening: OpeningLine | None
    ) -> None:
        counts = self._findings.openings
        if not self._is_there:
            counts.unopened += 1
        elif opening is None:
            counts.missing += 1
            reason = f"the opening of {field} is missing, and no mark says why"
            self._findings.add("openings", self._path.name, reason, seq)
        elif opening.removed is not None:
            self._findings.remove(Removed(seq, field, opening.removed))
        elif opening.commitment != commitment:
            reason = f"the opening of {field} does not match the record's commitment"
            self._findings.add("openings", self._place(opening.number), reason, seq)
        else:
            counts.matching += 1

    def _stray(self, opening: OpeningLine) -> None:
        reason = f"an opening of {opening.field} that belongs to no record"
        self._findings.add("openings", self._place(opening.number), reason, opening.seq)

    def _read(self) -> Iterator[OpeningLine]:
        end = 0
        for number, line in enumerate(lines_of(self._path), 1):
            end += len(line)
            opening = OpeningLine.read(line, number, end)
            if opening is None and line.endswith(b"\n"):
                where = self._place(number)
                self._findings.add("openings", where, "it isn't an opening")
            elif opening is not None:  # else a crash cut it off
                yield opening

    def _place(self, number: int) -> str:
        return f"{self._path.name}:{number}"


def remove(path: Path, seq: int, field: str) -> None:
    """Remove the value that a record is committed to; the record stays as it is.

    The digest of the session is removed too: guesses of the value could be checked by
    it.

    Args:
        path: The log, which nobody may be writing meanwhile.
        seq: The record's number.
        field: The name of the record's field.

    Raises:
        UnknownNameError: There is no such value, or it was removed before.
        OSError: There are no openings or no log, or they cannot be read.
        DecodeError: They cannot be read as lines.
        AuditLockedError: The log is being written.
        AuditError: The openings cannot be written; they are unchanged.
    """
    files = LogFiles(path)
    files.openings.stat()
    lock = Lock(files.lock)
    try:
        digests = [(each, DIGEST) for each in _digests_of(files, seq)]
        with atomic_write(files.openings) as file:
            file.writelines(_marked(files.openings, seq, field, digests))
    finally:
        lock.close()


def _digests_of(files: LogFiles, seq: int) -> list[int]:
    """Return the numbers of the records with the digest of a record's session."""
    found: list[int] = []
    for record in records_of(files):
        is_start = kind_of(record) == b"session_start"
        is_about = is_start or kind_of(record) == b"session_end"
        head = head_of(record) if is_about else None
        if head is None:
            continue
        if is_start and head.seq > seq:
            break
        found = [head.seq] if is_start else [*found, head.seq]
        if not is_start and head.seq >= seq:
            break
    return found


def _marked(
    openings: Path, seq: int, field: str, digests: Collection[tuple[int, str]]
) -> Iterator[bytes]:
    """Yield the lines of the openings, with marks in place of one and of digests."""
    is_found = False
    for number, line in enumerate(lines_of(openings), 1):
        opening = OpeningLine.read(line, number)
        place = opening and (opening.seq, opening.field)
        if opening is not None and place == (seq, field):
            yield _mark(opening)
            is_found = True
        elif opening is not None and place in digests and opening.removed is None:
            yield _mark(opening)
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
