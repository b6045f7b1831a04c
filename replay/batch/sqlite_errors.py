"""What SQLite and the system refuse of a checkpoint, as an error of this library."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from replay.errors import CheckpointError
from replay.os_errors import os_failure

_OTHER_FILE: Final = "name another file"
_IN_USE: Final = "wait until it ends, or name another file"
_DAMAGED: Final = "move it away: a new one is made, and all sessions are done again"
_NO_ROOM: Final = "make room, and run it again: what was kept before is whole"
_REASONS: Final = {
    sqlite3.SQLITE_BUSY: ("another run has it open", _IN_USE),
    sqlite3.SQLITE_LOCKED: ("another run has it open", _IN_USE),
    sqlite3.SQLITE_NOTADB: ("it is no checkpoint", _OTHER_FILE),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", _DAMAGED),
    sqlite3.SQLITE_FULL: ("there is no room", _NO_ROOM),
    sqlite3.SQLITE_IOERR: ("the disk is full, or fails", _NO_ROOM),
    sqlite3.SQLITE_READONLY: ("it may not be written", _OTHER_FILE),
    sqlite3.SQLITE_CANTOPEN: (
        "it, or a file beside it, cannot be opened",
        "see that the directory is there and may be written, or name another file",
    ),
}


@contextmanager
def checkpoint_errors(source: str) -> Iterator[None]:
    """Turn what is refused within the block into a CheckpointError.

    Args:
        source: The file that the block works on.
    """
    try:
        yield
    except sqlite3.Error as error:
        # What the module itself refuses has no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        reason, hint = _REASONS.get(code, (str(error), ""))
        raise CheckpointError(source, reason, hint) from error
    except UnicodeDecodeError as error:
        raise damaged(source, str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: no file can have that name
        reason = os_failure(source, error).reason
        raise CheckpointError(source, reason, _OTHER_FILE) from error


def damaged(source: str, what: str) -> CheckpointError:
    """Return the error that says that a checkpoint holds what none can hold."""
    return CheckpointError(source, f"it is damaged: {what}", _DAMAGED)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all within the block, or nothing."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled it back already
            connection.execute("ROLLBACK")
        raise
