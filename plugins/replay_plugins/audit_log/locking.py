"""One writer at a time."""

import fcntl
import os
import weakref
from pathlib import Path

from replay.errors import AuditLockedError
from replay_plugins.audit_log.private_files import open_private


class Lock:
    """Holds a log for one process, until it is closed or forgotten.

    A child that was forked does not hold it.

    Args:
        path: The file to lock; it is made where it is missing.

    Raises:
        AuditLockedError: Somebody else holds it.
        AuditError: The file cannot be opened.
        OSError: The file system knows no locks.
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
        """Make sure that this process is the one that took the lock.

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
