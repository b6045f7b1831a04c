"""What SQLite and the system refuse of a checkpoint, as an error of this library."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from replay.batch.checkpoint_file import checkpoint_errors, damaged, transaction
from replay.errors import CheckpointError

CODES = {
    sqlite3.SQLITE_BUSY: "another run has it open",
    sqlite3.SQLITE_LOCKED: "another run has it open",
    sqlite3.SQLITE_NOTADB: "it is no checkpoint",
    sqlite3.SQLITE_CORRUPT_INDEX: "it is damaged",
    sqlite3.SQLITE_FULL: "there is no room",
    sqlite3.SQLITE_IOERR_WRITE: "the disk is full, or fails",
    sqlite3.SQLITE_READONLY_DIRECTORY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it, or a file beside it, cannot be opened",
    sqlite3.SQLITE_ERROR: "what SQLite said",
}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Return an empty table, one row wide."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
        yield connection


def rows(connection: sqlite3.Connection) -> int:
    return len(connection.execute("SELECT x FROM t").fetchall())


def do(connection: sqlite3.Connection, statement: str, error: BaseException) -> None:
    with transaction(connection):
        connection.execute(statement)
        raise error


@pytest.mark.parametrize("code", CODES)
def test_a_code_becomes_a_reason(code: int) -> None:
    refused = sqlite3.OperationalError("what SQLite said")
    refused.sqlite_errorcode = code
    with pytest.raises(CheckpointError) as caught, checkpoint_errors("a.sqlite"):
        raise refused
    assert (caught.value.source, caught.value.reason) == ("a.sqlite", CODES[code])
    assert caught.value.__cause__ is refused
    assert bool(caught.value.hint) == (code != sqlite3.SQLITE_ERROR)


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (sqlite3.ProgrammingError("no"), "no"),
        (FileNotFoundError(2, "No such file"), "no such file"),
        (ValueError("embedded null byte"), "embedded null byte"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "it is damaged: 'utf-8'"),
    ],
)
def test_other_refusals_have_a_reason_too(refused: Exception, reason: str) -> None:
    with pytest.raises(CheckpointError) as caught, checkpoint_errors("a.sqlite"):
        raise refused
    assert caught.value.reason.startswith(reason)


def test_an_error_of_the_tree_passes() -> None:
    error = damaged("a.sqlite", "torn")
    with pytest.raises(CheckpointError) as caught, checkpoint_errors("b.sqlite"):
        raise error
    assert caught.value is error


def test_a_transaction_is_done_at_its_end(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1)")
    assert not connection.in_transaction
    assert rows(connection) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_transaction_that_is_left_did_nothing(
    connection: sqlite3.Connection, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        do(connection, "INSERT INTO t VALUES (1)", error())
    assert not connection.in_transaction
    assert rows(connection) == 0


def test_what_ended_a_transaction_is_told(connection: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="mine"):
        do(connection, "ROLLBACK", ValueError("mine"))
