"""The file of a checkpoint: an SQLite database, created or checked, and locked.

SQLite notices damage to its own structures but not to the data in them, so each result
has a checksum.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zlib import crc32

from replay.errors import CheckpointError, os_failure


def checksum(*columns: object) -> int | None:
    """Return a result's checksum.

    Args:
        columns: Its plugin set's number, key, session id, four counts, and values.

    Returns:
        None: a column has the wrong type, or a number is negative.
    """
    plugins, key, session_id, *counts, values = columns
    numbers = (plugins, *counts)
    if not all(isinstance(each, int) and each >= 0 for each in numbers):
        return None
    start = crc32(repr(numbers).encode())
    try:
        return crc32(values, crc32(session_id, crc32(key, start)))  # type: ignore[arg-type]  # or a TypeError
    except TypeError:
        return None


_OTHER_FILE: Final = "name another file"
_IN_USE: Final = "wait until it ends, or name another file"
_DAMAGED: Final = "move it away: a new one is made, and all sessions are replayed again"
_NO_ROOM: Final = "free some space and run it again: what was kept before is whole"
_REASONS: Final = {
    sqlite3.SQLITE_BUSY: ("another run has it open", _IN_USE),
    sqlite3.SQLITE_LOCKED: ("another run has it open", _IN_USE),
    sqlite3.SQLITE_NOTADB: ("it isn't a checkpoint", _OTHER_FILE),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", _DAMAGED),
    sqlite3.SQLITE_FULL: ("the disk is full", _NO_ROOM),
    sqlite3.SQLITE_IOERR: ("the disk is full or failing", _NO_ROOM),
    sqlite3.SQLITE_READONLY: ("it isn't writable", _OTHER_FILE),
    sqlite3.SQLITE_CANTOPEN: (
        "it, or a file beside it, cannot be opened",
        "see that the directory exists and is writable, or name another file",
    ),
}


@contextmanager
def checkpoint_errors(source: str) -> Iterator[None]:
    """Turn errors of SQLite and the system in the block into CheckpointErrors."""
    try:
        yield
    except sqlite3.Error as error:
        # Errors that the module itself raises have no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        reason, hint = _REASONS.get(code, (str(error), ""))
        raise CheckpointError(source, reason, hint) from error
    except UnicodeDecodeError as error:
        raise damaged(source, str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: no file can have that name
        reason = os_failure(source, error).reason
        raise CheckpointError(source, reason, _OTHER_FILE) from error


def damaged(source: str, what: str) -> CheckpointError:
    """Return the error for a checkpoint that is damaged."""
    return CheckpointError(source, f"it is damaged: {what}", _DAMAGED)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block as one transaction."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled it back already
            connection.execute("ROLLBACK")
        raise


APPLICATION: Final = 0x7270_6C79  #: in the file's header, as SQLite's docs advise
VERSION: Final = 1  #: of the tables

_PATIENCE: Final = 0.1  # seconds; for a lock that is about to be released
_TABLES: Final = (
    "CREATE TABLE plugin_sets (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE)",
    # Append-only: an index of the keys would be rewritten all over.
    """CREATE TABLE results (
        id INTEGER PRIMARY KEY, plugins INTEGER NOT NULL, key BLOB NOT NULL,
        session_id BLOB NOT NULL,
        turns INTEGER NOT NULL, events INTEGER NOT NULL,
        messages INTEGER NOT NULL, diagnostics INTEGER NOT NULL,
        plugin_values BLOB NOT NULL, checksum INTEGER NOT NULL,
        is_final INTEGER NOT NULL)""",
    "CREATE INDEX not_final ON results (id) WHERE NOT is_final",
    # A place without a result: its session is being replayed again.
    """CREATE TABLE places (
        portion INTEGER NOT NULL, number INTEGER NOT NULL,
        result INTEGER, is_known INTEGER NOT NULL,
        PRIMARY KEY (portion, number)) WITHOUT ROWID""",
    """CREATE TABLE problems (
        id INTEGER PRIMARY KEY, portion INTEGER NOT NULL, number INTEGER NOT NULL,
        name BLOB NOT NULL, code BLOB NOT NULL, reason BLOB NOT NULL,
        is_quarantined INTEGER NOT NULL)""",
    "CREATE INDEX problems_by_place ON problems (portion, number)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_DEFINITIONS: Final = """SELECT CAST(sql AS BLOB) FROM {}.sqlite_master
    WHERE sql IS NOT NULL"""
_FIND_DAMAGED: Final = """SELECT id FROM {}.results WHERE checksum IS NOT checksum_of(
    plugins, key, session_id, turns, events, messages, diagnostics, plugin_values)"""
_TEMPORARY: Final = (
    # The results that existed when the run began, by key.
    """CREATE TEMP TABLE known (
        key BLOB PRIMARY KEY, result INTEGER NOT NULL) WITHOUT ROWID""",
    # The places of sessions that share an id.
    """CREATE TEMP TABLE repeated (
        id INTEGER PRIMARY KEY, portion INTEGER, number INTEGER, before INTEGER)""",
)


def open_checkpoint(path: Path | None) -> sqlite3.Connection:
    """Return an exclusive connection to a checkpoint.

    Args:
        path: The file; created with mode 0600 if missing. None: a temporary file
            without a name.

    Raises:
        CheckpointError: It isn't a checkpoint, or is damaged.
        sqlite3.Error, OSError, ValueError: It cannot be opened.
    """
    if path is not None:
        _make(path)
    location = "" if path is None else _uri_of(path, "rw")
    connection = sqlite3.connect(
        location, timeout=_PATIENCE, isolation_level=None, uri=True
    )
    try:
        _prepare(connection, str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _uri_of(path: Path, mode: str) -> str:
    """Return a file's URI for SQLite, whatever bytes are in its name."""
    return f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"


@contextmanager
def attach(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Attach another checkpoint to one as the schema ``other``, for the block.

    Raises:
        CheckpointError: The other file isn't a checkpoint, is in use, or damaged.
    """
    with checkpoint_errors(str(path)):
        connection.execute("ATTACH ? AS other", (_uri_of(path, "ro"),))
        try:
            if not _is_checkpoint(connection, "other", str(path)):
                reason = "it isn't a checkpoint: it is empty"
                raise CheckpointError(str(path), reason, _OTHER_FILE)
            _check(connection, "other", str(path))
            yield
        finally:
            connection.execute("DETACH other")


def _is_checkpoint(connection: sqlite3.Connection, schema: str, source: str) -> bool:
    """Tell whether a database is a checkpoint; if not, it is empty.

    Raises:
        CheckpointError: It belongs to another program, or to a later version.
    """
    application = _one(connection, f"PRAGMA {schema}.application_id")
    version = _one(connection, f"PRAGMA {schema}.user_version")
    if application != APPLICATION:
        if application or _one(connection, f"PRAGMA {schema}.schema_version"):
            reason = "it isn't a checkpoint, but another program's database"
            raise CheckpointError(source, reason, _OTHER_FILE)
        return False
    if version != VERSION:
        reason = f"it was made by another version: its tables have version {version}"
        hint = f"use the version that made it, or {_OTHER_FILE}"
        raise CheckpointError(source, reason, hint)
    return True


def _check(connection: sqlite3.Connection, schema: str, source: str) -> None:
    """Check that a checkpoint isn't damaged.

    Raises:
        CheckpointError: It is damaged.
    """
    found = _one(connection, f"PRAGMA {schema}.quick_check(1)")
    if found != "ok":
        raise damaged(source, " ".join(str(found).split()))
    # SQLite takes whatever it can read: a key that is called INTEGES may be NULL.
    kept = {sql for (sql,) in connection.execute(_DEFINITIONS.format(schema))}
    if kept != {each.encode() for each in _TABLES if each.startswith("CREATE")}:
        raise damaged(source, "its tables are not what they were")
    if row := connection.execute(_FIND_DAMAGED.format(schema)).fetchone():
        raise damaged(source, f"result {row[0]} is not what was kept")


def _make(path: Path) -> None:
    # An existing file is not opened, since closing it would drop SQLite's locks.
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if not stat.S_ISREG(path.stat().st_mode):
            reason = "it isn't a regular file"
            raise CheckpointError(str(path), reason, _OTHER_FILE) from None


def _prepare(connection: sqlite3.Connection, source: str) -> None:
    _lock(connection)
    is_old = _is_checkpoint(connection, "main", source)
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",  # one wait for the disk a task, a second's work
        "secure_delete = OFF",
        "trusted_schema = OFF",
        "cache_size = -16000",
        "temp_store = FILE",
        "temp.cache_size = -32000",
    ):
        connection.execute(f"PRAGMA {setting}")
    connection.create_function("checksum_of", 8, checksum, deterministic=True)
    if is_old:
        _check(connection, "main", source)
    else:
        with transaction(connection):
            for statement in _TABLES:
                connection.execute(statement)
    for statement in _TEMPORARY:
        connection.execute(statement)


def _lock(connection: sqlite3.Connection) -> None:
    # In this order: if several processes try at once, all but one give way.
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("PRAGMA main.locking_mode = EXCLUSIVE")
    connection.execute("COMMIT")


def _one(connection: sqlite3.Connection, question: str) -> object:
    (answer,) = connection.execute(question).fetchone()
    return answer
