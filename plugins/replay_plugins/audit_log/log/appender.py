"""A file with one writer, locked, to which only whole lines are appended."""

import fcntl
import os
import weakref
from pathlib import Path

from replay.errors import (
    AuditError,
    AuditFullError,
    AuditLockedError,
    AuditTamperedError,
)
from replay_plugins.audit_log.log.private_files import (
    open_private,
    poisoned,
    sync,
    sync_directory,
    write_once,
)


class Lock:
    """A lock on a log, held by one process until it is closed or garbage-collected.

    A forked child doesn't hold it.

    Args:
        path: The file to lock; it is created if missing.

    Raises:
        AuditLockedError: Another writer holds it.
        AuditError: The file cannot be opened.
        OSError: The file system doesn't support locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process = os.getpid()
        descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
        self.close = weakref.finalize(self, _release, descriptor, self._process)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise self._locked(reason="another writer has it open") from None

    def check(self) -> None:
        """Check that this process took the lock.

        Raises:
            AuditLockedError: It is a child of that process.
        """
        if os.getpid() != self._process:
            raise self._locked(reason=f"its parent {self._process} has it open")

    def _locked(self, *, reason: str) -> AuditLockedError:
        hint = "give each process a log of its own"
        return AuditLockedError(str(self._path), reason, hint)


def _release(descriptor: int, process: int) -> None:
    if os.getpid() == process:  # a child would unlock it for its parent too
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


class AppendOnlyFile:
    """A file that one process appends to, and nobody else may change.

    Args:
        path: The file; it is created if missing.

    Raises:
        AuditError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._descriptor = open_private(path, flags)
        self.close = weakref.finalize(self, os.close, self._descriptor)
        status = os.fstat(self._descriptor)
        self.size = status.st_size  #: bytes
        self._is_synced = False
        self._identity = status.st_dev, status.st_ino
        if not self.size:
            sync_directory(path)

    def append(self, line: bytes) -> None:
        """Write a line with one system call; a partly written one is cut off again.

        Raises:
            AuditFullError: There is no room; the file is unchanged.
            AuditTamperedError: The file was changed by others; nothing is written.
            AuditPoisonedError: The file's content is unknown.
        """
        self.check(self.size)
        self._is_synced = False
        try:
            write_once(self._descriptor, line, self.path)
        except AuditFullError:
            self._truncate(self.size)
            raise
        except AuditError as error:
            raise poisoned(self.path, error.reason) from error
        self.size += len(line)

    def cut(self, size: int) -> None:
        """Remove everything after *size* bytes.

        Raises:
            AuditPoisonedError: It is unknown whether that is gone.
        """
        if size != self.size:
            self._is_synced = False
            self._truncate(size)

    def _truncate(self, size: int) -> None:
        try:
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            what = f"a part of a record cannot be removed: {error.strerror}"
            raise poisoned(self.path, what) from error
        self.size = size

    def sync(self) -> None:
        """Wait until all of it is on disk.

        Raises:
            AuditPoisonedError: The system cannot confirm that.
        """
        if not self._is_synced:
            sync(self._descriptor, self.path)
            self._is_synced = True

    def check(self, size: int) -> None:
        """Check that the path still leads to this file, and that nobody else wrote it.

        Args:
            size: The expected size in bytes.

        Raises:
            AuditTamperedError: It leads elsewhere, or the size differs.
        """
        try:
            named = self.path.lstat()
        except OSError as error:
            raise self._tampered(what="the file is gone") from error
        if (named.st_dev, named.st_ino) != self._identity:
            raise self._tampered(what="another file has taken its place")
        if named.st_size != size:
            what = f"it has {named.st_size} bytes, and was left with {size}"
            raise self._tampered(what=what)

    def _tampered(self, *, what: str) -> AuditTamperedError:
        hint = "nothing else may write or move it; max_bytes and max_age rotate it"
        return AuditTamperedError(str(self.path), what, hint)
