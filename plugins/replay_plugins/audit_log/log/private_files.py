"""The files of a log, which only their owner may read."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from replay.authoring import whole_file
from replay.errors import AuditError, AuditFullError, AuditPoisonedError


def _named(path: str | Path) -> Path:
    found = Path(path)
    if found.name in {"", ".."}:
        number = errno.EISDIR
        raise IsADirectoryError(number, os.strerror(number), str(path))
    return found


@attrs.frozen
class LogFiles:
    """The files of the log at a path, which must name a file; most are optional.

    >>> LogFiles("audit.jsonl").checkpoint.name
    'audit.jsonl.checkpoint'
    """

    current: Path = attrs.field(converter=_named)  #: the newest records

    @property
    def checkpoint(self) -> Path:
        """Return the file of the newest checkpoint's note."""
        return self._beside("checkpoint")

    @property
    def openings(self) -> Path:
        """Return the file of the values that records are committed to."""
        return self._beside("openings")

    @property
    def salt(self) -> Path:
        """Return the file of the key of the digests."""
        return self._beside("salt")

    @property
    def lock(self) -> Path:
        """Return the file that the writer holds locked."""
        return self._beside("lock")

    def parts(self) -> list[Path]:
        """Return the files that were rotated away, oldest first."""
        return self._numbered("")

    def next_part(self) -> Path:
        """Return the path to rotate the current file to."""
        parts = self.parts()
        last = parts[-1].name.rpartition(".")[2] if parts else "0"
        return self._beside(f"{int(last) + 1:06}")

    def torn(self) -> list[Path]:
        """Return the files of torn ends, oldest first."""
        return self._numbered("torn-")

    def all_torn(self) -> list[Path]:
        """Return the files of torn ends of the log and of its openings."""
        return [*self.torn(), *LogFiles(self.openings).torn()]

    def next_torn(self) -> Path:
        """Return the file for the next torn end."""
        kept = self.torn()
        last = kept[-1].name.rpartition("-")[2] if kept else "0"
        return self._beside(f"torn-{int(last) + 1}")

    def _beside(self, suffix: str) -> Path:
        return self.current.with_name(f"{self.current.name}.{suffix}")

    def _numbered(self, word: str) -> list[Path]:
        """Return the files beside the log with a word and a number in their names."""
        begin = f"{self.current.name}.{word}"
        numbered = [
            (int(number), path)
            for path in self.current.parent.iterdir()
            if path.name.startswith(begin)
            and (number := path.name.removeprefix(begin)).isdecimal()
            and number.isascii()
        ]
        return [path for _, path in sorted(numbered)]


_ALWAYS: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_FSYNC: Final = getattr(os, "fdatasync", os.fsync)  # macOS has the latter only
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def open_private(path: Path, flags: int) -> int:
    """Return a descriptor of a regular file, which gets mode 0600 if it is created.

    Raises:
        AuditError: It cannot be opened, or is a link, a pipe or a device.
    """
    with refusals_of(path):
        descriptor = os.open(path, flags | _ALWAYS, mode=0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AuditError(str(path), "it isn't a regular file", "name another file")
    return descriptor


def read_private(path: Path) -> BufferedReader:
    """Open a regular file for reading; it fails as :func:`open_private` does."""
    return os.fdopen(open_private(path, os.O_RDONLY), "rb")


@contextmanager
def atomic_write(path: Path, *, is_new: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing, whole or not at all, and wait for the disk.

    Args:
        path: The file, which nobody else writes; an existing file is replaced.
        is_new: Refuse to replace an existing file.

    Raises:
        AuditPoisonedError: The state of the disk is unknown.
        AuditError: The file exists, or cannot be written.
    """
    draft = path.with_name(f"{path.name}.tmp")
    with (
        refusals_of(path),
        whole_file(path, mode=0o600, draft=draft, is_new=is_new) as file,
    ):
        yield file
        file.flush()
        sync(file.fileno(), path)
    sync_directory(path)


def write_private(path: Path, data: bytes, *, is_new: bool = False) -> None:
    """Write a file with one system call; it fails as :func:`atomic_write` does."""
    with atomic_write(path, is_new=is_new) as file:
        write_once(file.fileno(), data, path)


def write_once(descriptor: int, data: bytes, path: Path) -> None:
    """Write with one system call.

    Raises:
        AuditFullError: There is no room for all of it; a part may be written.
        AuditError: The system refuses.
    """
    try:
        size = os.write(descriptor, data)
    except OSError as error:
        raise _refusal(path, error) from error
    if size < len(data):
        short = OSError(errno.ENOSPC, "there is no room for all of it")
        raise _refusal(path, short) from short


def sync(descriptor: int, path: Path) -> None:
    """Wait until everything written is on disk.

    Raises:
        AuditPoisonedError: The system cannot confirm that.
    """
    try:
        _FSYNC(descriptor)
    except OSError as error:
        raise poisoned(path, _reason(error)) from error


def sync_directory(path: Path) -> None:
    """Wait until the name of a file is on disk.

    Raises:
        AuditError, AuditPoisonedError: The system cannot confirm that.
    """
    with refusals_of(path.parent):
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor, path.parent)
    finally:
        os.close(descriptor)


@contextmanager
def refusals_of(path: Path) -> Iterator[None]:
    """Turn the system's errors within the block into an AuditError.

    Raises:
        AuditFullError: There is no room.
        AuditError: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError) -> AuditError:
    reason = _reason(error)
    if error.errno in _FULL:
        hint = "make room; what was written before is whole"
        return AuditFullError(str(path), reason, hint)
    hint = "make its directory first" if error.errno == errno.ENOENT else ""
    return AuditError(str(path), reason, hint)


def poisoned(path: Path, what: str) -> AuditPoisonedError:
    """Return the error for a file whose state is unknown."""
    reason = f"{what}; what is on the disk is unknown"
    hint = "see to the disk, then open the log anew: what is whole is kept"
    return AuditPoisonedError(str(path), reason, hint)


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]
