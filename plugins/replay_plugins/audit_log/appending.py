"""A file that grows by whole lines, or not at all."""

import os
import weakref
from pathlib import Path

from replay.errors import AuditError, AuditFullError, AuditTamperedError
from replay_plugins.audit_log.private_files import (
    open_private,
    poisoned,
    sync,
    sync_directory,
    write_once,
)


class AppendOnlyFile:
    """A file to which one process appends, and which nobody else may change.

    Args:
        path: The file; it is made where it is missing.

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
        """Write a line with one call of the system; a part of it is cut off again.

        Raises:
            AuditFullError: There is no room; the file is as it was.
            AuditTamperedError: The file is not as it was left; nothing is written.
            AuditPoisonedError: It cannot be said what the file holds.
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
        """Take away what comes after *size* bytes.

        Raises:
            AuditPoisonedError: It cannot be said whether it is gone.
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
        """Return when all of it is on the disk.

        Raises:
            AuditPoisonedError: The system cannot say that it is.
        """
        if not self._is_synced:
            sync(self._descriptor, self.path)
            self._is_synced = True

    def check(self, size: int) -> None:
        """Make sure that the path still leads here, and that nobody else wrote.

        Args:
            size: How many bytes there should be.

        Raises:
            AuditTamperedError: It is not so.
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
