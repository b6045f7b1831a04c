"""Files that only their owner may read, and what the system refuses of them."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from replay.errors import AuditError, AuditFullError, AuditPoisonedError
from replay.security.files import whole_file


def _named(path: str | Path) -> Path:
    found = Path(path)
    if found.name in {"", ".."}:
        number = errno.EISDIR
        raise IsADirectoryError(number, os.strerror(number), str(path))
    return found


@attrs.frozen
class LogFiles:
    """The files of the log at a path; most need not be there.

    Raises:
        IsADirectoryError: The path names no file, such as ``.``.

    >>> LogFiles("audit.jsonl").checkpoint.name
    'audit.jsonl.checkpoint'
    """

    current: Path = attrs.field(converter=_named)  #: the newest records

    @property
    def checkpoint(self) -> Path:
        """Return where the newest checkpoint's note is."""
        return self._beside("checkpoint")

    @property
    def openings(self) -> Path:
        """Return where the values are that records are committed to."""
        return self._beside("openings")

    @property
    def salt(self) -> Path:
        """Return where the key of all digests of content is."""
        return self._beside("salt")

    @property
    def lock(self) -> Path:
        """Return what the writer holds locked."""
        return self._beside("lock")

    def parts(self) -> list[Path]:
        """Return the older files, which were rotated away, oldest first."""
        return self._numbered("")

    def next_part(self) -> Path:
        """Return what the current file is called when it is rotated away."""
        parts = self.parts()
        last = parts[-1].name.rpartition(".")[2] if parts else "0"
        return self._beside(f"{int(last) + 1:06}")

    def torn(self) -> list[Path]:
        """Return where torn ends of the log are kept, oldest first."""
        return self._numbered("torn-")

    def next_torn(self) -> Path:
        """Return where the next torn end of the log is kept."""
        kept = self.torn()
        last = kept[-1].name.rpartition("-")[2] if kept else "0"
        return self._beside(f"torn-{int(last) + 1}")

    def _beside(self, suffix: str) -> Path:
        return self.current.with_name(f"{self.current.name}.{suffix}")

    def _numbered(self, word: str) -> list[Path]:
        """Return the files beside it that are called by a word and a number."""
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
    """Return a descriptor of a regular file, made with mode 0600 where that is asked.

    Raises:
        AuditError: It cannot be opened, or is a link, a pipe or a device.
    """
    with refusals_of(path):
        descriptor = os.open(path, flags | _ALWAYS, mode=0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AuditError(str(path), "it is no regular file", "name another file")
    return descriptor


@contextmanager
def refusals_of(path: Path) -> Iterator[None]:
    """Turn what the system refuses within the block into an AuditError.

    Raises:
        AuditFullError: There is no room.
        AuditError: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise _refusal(path, error) from error


def poisoned(path: Path, what: str) -> AuditPoisonedError:
    """Return the error that says that a file's state is unknown."""
    reason = f"{what}; what is on the disk is unknown"
    hint = "see to the disk, then open the log anew: what is whole is kept"
    return AuditPoisonedError(str(path), reason, hint)


def sync(descriptor: int, path: Path) -> None:
    """Return when all that was written is on the disk.

    Raises:
        AuditPoisonedError: The system cannot say that it is.
    """
    try:
        _FSYNC(descriptor)
    except OSError as error:
        raise poisoned(path, _reason(error)) from error


def sync_directory(path: Path) -> None:
    """Return when the name of a file is on the disk.

    Raises:
        AuditError, AuditPoisonedError: It cannot be told that it is.
    """
    with refusals_of(path.parent):
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor, path.parent)
    finally:
        os.close(descriptor)


def write_once(descriptor: int, data: bytes, path: Path) -> None:
    """Write with one call of the system.

    Raises:
        AuditFullError: There is no room for all of it; a part may be written.
        AuditError: The system refuses.
    """
    try:
        written = os.write(descriptor, data)
    except OSError as error:
        raise _refusal(path, error) from error
    if written < len(data):
        raise _full(path, "there is no room for all of it")


@contextmanager
def written(path: Path, *, is_new: bool = False) -> Iterator[BinaryIO]:
    """Open a file to be written, whole or not at all, onto the disk.

    Args:
        path: The file, which nobody else writes; what bears its name is replaced.
        is_new: Refuse a name that is taken.

    Raises:
        AuditPoisonedError: It cannot be said what is on the disk.
        AuditError: It is there, or cannot be written.
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


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        AuditError: As from :func:`written`.
    """
    with written(path, is_new=True) as file:
        write_once(file.fileno(), data, path)


def replace(path: Path, data: bytes) -> None:
    """Write a file; until it is whole and on the disk, the old one is as it was.

    Raises:
        AuditError: As from :func:`written`.
    """
    with written(path) as file:
        write_once(file.fileno(), data, path)


def _refusal(path: Path, error: OSError) -> AuditError:
    if error.errno in _FULL:
        return _full(path, _reason(error))
    return AuditError(str(path), _reason(error), _hint(error))


def _full(path: Path, reason: str) -> AuditFullError:
    hint = "make room; what was written before is whole"
    return AuditFullError(str(path), reason, hint)


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def _hint(error: OSError) -> str:
    return "make its directory first" if error.errno == errno.ENOENT else ""
