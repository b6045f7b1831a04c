"""Files that only their owner may read, and what the system refuses of them."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from replay.errors import AuditError, AuditFullError, AuditPoisonedError

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


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, onto the disk.

    Raises:
        AuditError: It is there, or cannot be written; half a file is removed.
    """
    _write(path, data)
    sync_directory(path)


def replace(path: Path, data: bytes) -> None:
    """Write a file whole, onto the disk; until then it is as it was.

    Raises:
        AuditError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.tmp")
    with refusals_of(draft):
        draft.unlink(missing_ok=True)
    _write(draft, data)
    with refusals_of(path):
        draft.replace(path)
    sync_directory(path)


def _write(path: Path, data: bytes) -> None:
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        write_once(descriptor, data, path)
        sync(descriptor, path)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


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
