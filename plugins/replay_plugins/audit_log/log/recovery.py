"""The recovery of a log when it is opened: one read, which also checks it."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import attrs

from replay.errors import AuditTamperedError, DecodeError
from replay_plugins.audit_log.format.chain import Chain, beginning, has_kind
from replay_plugins.audit_log.format.checkpoints import (
    Checkpoint,
    Note,
    read_checkpoint,
)
from replay_plugins.audit_log.log.private_files import (
    LogFiles,
    read_private,
    write_private,
)

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Signer


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
    covered: int  #: records that the checkpoint beside the log covers

    @property
    def unsigned(self) -> int:
        """Return the number of records that nobody vouches for."""
        return self.chain.size - self.covered


def read_back(files: LogFiles, signer: "Signer | None" = None) -> LogState:
    """Return the state of a log; a missing one has no records.

    Args:
        files: The log's files.
        signer: The key that its checkpoint counts only if signed with; None: any does.

    Raises:
        AuditTamperedError: Its chain is broken, or its checkpoint is of other records.
        AuditError: It cannot be read.
    """
    note, checkpoint = _checkpoint(files.checkpoint)
    chain, is_torn, recovered = Chain(token_hex(16)), False, set()
    for path in [*files.parts(), files.current]:
        end, began = 0, None
        for line in _lines(path):
            if not _is_whole(line):
                is_torn = True
                break
            _follow(chain, line, path)
            end += len(line)
            began = _moment(chain, path) if began is None else began
            if has_kind(line, "recovered"):
                recovered.add(_value(line, "file", path))
            _compare(chain, checkpoint, path)
        if is_torn and path != files.current:
            raise _tampered(path, f"it is torn after record {chain.size - 1}")
    if checkpoint and chain.size < checkpoint.size:
        what = f"it has {chain.size} records, and its checkpoint {checkpoint.size}"
        raise _tampered(files.current, what)
    is_ours = note and (signer is None or signer.verifier().check(note) == "valid")
    covered = checkpoint.size if checkpoint and is_ours else 0
    return LogState(chain, end, is_torn, began, frozenset(recovered), covered)


def keep_torn_end(files: LogFiles, end: int) -> None:
    """Copy everything after *end* to a file of its own.

    Raises:
        AuditError: It cannot be read or written.
    """
    with read_private(files.current) as file:
        file.seek(end)
        torn = file.read()
    write_private(files.next_torn(), torn, is_new=True)


def describe(path: Path) -> dict[str, object]:
    """Return the fields of a record about a torn end in a file.

    Raises:
        AuditError: It cannot be read.
    """
    with read_private(path) as file:
        torn = file.read()
    digest = sha256(torn).hexdigest()
    return {"file": path.name, "bytes": len(torn), "sha256": digest}


def end_of_openings(path: Path, size: int) -> int:
    """Return the end of the last opening of the first *size* records, in bytes.

    An opening is written before its record, which may be missing.

    Raises:
        AuditTamperedError: The file holds anything else.
        AuditError: It cannot be read.
    """
    end = position = 0
    for line in _lines(path):
        position += len(line)
        if _is_whole(line) and _seq(line, path) < size:
            end = position
    return end


def _follow(chain: Chain, line: bytes, path: Path) -> None:
    if not line.startswith(beginning(chain.size, chain.head)):
        if not chain.size:
            raise _tampered(path, "it does not begin as an audit log does")
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


def _compare(chain: Chain, checkpoint: Checkpoint | None, path: Path) -> None:
    if checkpoint is None or chain.size != checkpoint.size:
        return
    if (chain.origin, chain.frontier.root()) != (checkpoint.origin, checkpoint.root):
        what = f"its first {chain.size} records are not those of its checkpoint"
        raise _tampered(path, what)


def _checkpoint(path: Path) -> tuple[Note | None, Checkpoint | None]:
    note = b"".join(_lines(path))
    if not note:
        return None, None
    try:
        return read_checkpoint(note.decode())
    except (DecodeError, UnicodeDecodeError) as error:
        raise _tampered(path, "it isn't a checkpoint") from error


def _is_whole(line: bytes) -> bool:
    return line.endswith(b"\n") and b"\0" not in line


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; none if it is missing."""
    if os.path.lexists(path):
        with read_private(path) as file:
            yield from file


def _tampered(path: Path, reason: str) -> AuditTamperedError:
    hint = "nothing was appended: keep the log as it is, and begin another"
    return AuditTamperedError(str(path), reason, hint)
