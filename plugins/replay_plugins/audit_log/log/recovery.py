"""The recovery of a log when it is opened: one read, which also checks it."""

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj
from typing import TYPE_CHECKING, BinaryIO, Final

import attrs

from replay.errors import AuditTamperedError, DecodeError
from replay_plugins.audit_log.format.chain import (
    SCHEMA,
    Chain,
    beginning,
    head_of,
    kind_of,
)
from replay_plugins.audit_log.format.checkpoints import (
    Checkpoint,
    Note,
    read_checkpoint,
)
from replay_plugins.audit_log.log.bounded_reads import (
    LONGEST_LINE,
    lines_in,
    read_small,
)
from replay_plugins.audit_log.log.private_files import (
    LogFiles,
    atomic_write,
    read_private,
)

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Signer

#: A whole record after damage, in the same line or another.
_RECORD: Final = re.compile(
    rb'(?:\A|\0)\{"schema":"%b","seq":[0-9][^\0]*\}\n\Z' % SCHEMA.encode()
)
_NO_LOG: Final = "it does not begin as an audit log does"
_BLOCK: Final = 1 << 20  # bytes read at once


@attrs.frozen
class LogState:
    """The state of a log that was read back."""

    chain: Chain
    end: int  #: bytes of the current file that are whole records
    is_torn: bool  #: whether more bytes follow them
    #: when the current file's first record was written, in seconds since 1970; None:
    #: it has no record
    began: float | None
    recovered: frozenset[str]  #: names of the torn ends' files that have a record
    salt_id: str | None  #: of the digests; empty: not known; None: it has no digests
    covered: int  #: records that the checkpoint beside the log covers

    @property
    def unsigned(self) -> int:
        """Return the number of records that nobody vouches for."""
        return self.chain.size - self.covered


def read_back(
    files: LogFiles, signer: "Signer | None" = None, longest: int = LONGEST_LINE
) -> LogState:
    """Return the state of a log; a missing one has no records.

    Args:
        files: The log's files.
        signer: The key that its checkpoint counts only if signed with; None: any does.
        longest: The maximum length of a line, in bytes.

    Raises:
        AuditTamperedError: Its chain is broken, or its checkpoint is of other records.
        AuditError: It cannot be read.
    """
    note, checkpoint = _checkpoint(files.checkpoint)
    chain, is_torn, found = Chain(token_hex(16)), False, _Found()
    for path in [*files.parts(), files.current]:
        end, began = 0, None
        for line in _lines(path, longest):
            if is_torn or not _is_whole(line):
                is_torn = True
                _refuse_records_in(line, chain, path)
                continue
            _follow(chain, line, path)
            end += len(line)
            began = _moment(chain, path) if began is None else began
            found.take(line, path)
            _compare(chain, checkpoint, line, path)
        if is_torn and path != files.current:
            raise _tampered(path, f"it is torn after record {chain.size - 1}")
        if is_torn and not end and not _is_begun(path, chain):
            raise _tampered(path, _NO_LOG)
    if checkpoint and chain.size < checkpoint.size:
        what = f"it has {chain.size} records, and its checkpoint {checkpoint.size}"
        raise _tampered(files.current, what)
    is_ours = note and (signer is None or signer.verifier().check(note) == "valid")
    covered = checkpoint.size if checkpoint and is_ours else 0
    recovered = frozenset(found.recovered)
    return LogState(chain, end, is_torn, began, recovered, found.salt_id, covered)


def keep_torn_end(path: Path, end: int) -> None:
    """Copy everything after *end* to a file of its own.

    Raises:
        AuditError: It cannot be read or written.
    """
    with (
        read_private(path) as file,
        atomic_write(LogFiles(path).next_torn(), is_new=True) as torn,
    ):
        file.seek(end)
        copyfileobj(file, torn)


def describe(path: Path) -> dict[str, object]:
    """Return the fields of a record about a torn end in a file.

    Raises:
        AuditError: It cannot be read.
    """
    with read_private(path) as file:
        digest = file_digest(file, "sha256").hexdigest()
        return {"file": path.name, "bytes": file.tell(), "sha256": digest}


def end_of_openings(path: Path, size: int, longest: int = LONGEST_LINE) -> int:
    """Return the end of the last opening of the first *size* records, in bytes.

    Openings are written before their record, so those of one more may be there.

    Raises:
        AuditTamperedError: The file has openings of later records, or anything else.
        AuditError: It cannot be read.
    """
    end = 0
    with read_private(path) as file:
        for line in _checked_lines(file, path, longest):
            seq = _seq(line, path) if _is_whole(line) else size
            if seq > size:
                reason = f"it opens record {seq}, but the log has {size} records"
                hint = (
                    "nothing was changed: put the rest of the log back, or else move "
                )
                hint += f"the lines of record {size} and later to another file"
                raise AuditTamperedError(str(path), reason, hint)
            end = file.tell() if seq < size else end
    return end


@attrs.define
class _Found:
    """What the records say of the files beside the log."""

    recovered: set[str] = attrs.field(factory=set)
    salt_id: str | None = None

    def take(self, line: bytes, path: Path) -> None:
        """Note what a record says."""
        kind = kind_of(line)
        if kind == b"recovered":
            self.recovered.add(_value(line, "file", path))
        elif kind == b"log_opened":
            said = _member(line, "salt_id")
            if isinstance(said, str):
                self.salt_id = said
            elif _member(line, "content_policy") == "digest":
                self.salt_id = self.salt_id or ""


def _refuse_records_in(line: bytes, chain: Chain, path: Path) -> None:
    """Refuse whole records in a damaged line or after one: a crash leaves none."""
    if _RECORD.search(line):
        reason = f"record {chain.size} is damaged, and more records follow"
        raise _tampered(path, reason)


def _is_begun(path: Path, chain: Chain) -> bool:
    """Tell whether a file without a whole record is what a crash left of a log's."""
    begin = beginning(chain.size, chain.head)
    with read_private(path) as file:
        written = file.read(len(begin)).rstrip(b"\0")
        if written == begin:
            return True
        blocks = iter(partial(file.read, _BLOCK), b"")
        return begin.startswith(written) and not any(
            each.strip(b"\0") for each in blocks
        )


def _follow(chain: Chain, line: bytes, path: Path) -> None:
    if not line.startswith(beginning(chain.size, chain.head)):
        if not chain.size:
            raise _tampered(path, _NO_LOG)
        raise _tampered(path, f"record {chain.size} does not follow the one before it")
    if not chain.size:
        chain.log_id = _value(line, "log", path)
    chain.advance(line)


def _moment(chain: Chain, path: Path) -> float:
    try:
        return datetime.fromisoformat(chain.last_time).timestamp()
    except ValueError as error:
        raise _tampered(path, "its first record does not say when it was") from error


def _value(line: bytes, key: str, path: Path) -> str:
    """Return a string that a record must hold."""
    value = _member(line, key)
    if not isinstance(value, str):
        raise _tampered(path, f"a record does not say its {key}")
    return value


def _seq(line: bytes, path: Path) -> int:
    """Return the number of the record that an opening belongs to."""
    seq = _member(line, "seq")
    if not isinstance(seq, int):
        hint = "put the right file back, or begin another log"
        raise AuditTamperedError(str(path), "a line is not an opening", hint)
    return seq


def _member(line: bytes, key: str) -> object:
    try:
        return json.loads(line)[key]
    except (ValueError, KeyError, TypeError):
        return None


def _compare(
    chain: Chain, checkpoint: Checkpoint | None, line: bytes, path: Path
) -> None:
    """Check that records are a checkpoint's, and that one after it is a record."""
    size = chain.size
    if checkpoint is None or size > checkpoint.size:
        if head_of(line[:-1]) is None:
            raise _tampered(path, f"record {size - 1} isn't a record")
        return
    is_there = size == checkpoint.size
    if is_there and (chain.origin, chain.frontier.root()) != (
        checkpoint.origin,
        checkpoint.root,
    ):
        what = f"its first {size} records are not those of its checkpoint"
        raise _tampered(path, what)


def _checkpoint(path: Path) -> tuple[Note | None, Checkpoint | None]:
    if not os.path.lexists(path):
        return None, None
    try:
        with read_private(path) as file:
            note = read_small(file, path).decode()
        return read_checkpoint(note) if note else (None, None)
    except (DecodeError, UnicodeDecodeError) as error:
        raise _tampered(path, "it isn't a checkpoint") from error


def _is_whole(line: bytes) -> bool:
    return line.endswith(b"\n") and b"\0" not in line


def _lines(path: Path, longest: int) -> Iterator[bytes]:
    """Yield the lines of a file; none if it is missing."""
    if os.path.lexists(path):
        with read_private(path) as file:
            yield from _checked_lines(file, path, longest)


def _checked_lines(file: BinaryIO, path: Path, longest: int) -> Iterator[bytes]:
    try:
        yield from lines_in(file, path, longest)
    except DecodeError as error:
        raise _tampered(path, error.reason) from error


def _tampered(path: Path, reason: str) -> AuditTamperedError:
    hint = "nothing was appended: keep the log as it is, and begin another"
    return AuditTamperedError(str(path), reason, hint)
