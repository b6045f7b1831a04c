"""The rows that a checkpoint gets for what workers answered."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import attrs
import msgspec

from replay.batch.checkpoint_file import checkpoint_errors, checksum, damaged
from replay.batch.tasks import Done, Place, Problem
from replay.engine.report import BatchResult
from replay.errors import DecodeError
from replay.model.json_text import judge, parse

_COUNT: Final = "SELECT count(*) FROM places JOIN results ON id = result"
_SELECT: Final = """SELECT
    CAST(key AS BLOB), CAST(session_id AS BLOB), CAST(plugin_values AS BLOB)
    FROM places CROSS JOIN results ON id = result ORDER BY portion, number"""
_SPLIT: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


@attrs.frozen
class KeptResults:
    """The results of one plugin, in the order of the sessions."""

    select: Callable[[str], sqlite3.Cursor]  #: asks the checkpoint
    source: str  #: its file
    number: int  #: the plugin's, among those that give results

    def __len__(self) -> int:
        """Return how many sessions there are."""
        with checkpoint_errors(self.source):
            (count,) = self.select(_COUNT).fetchone()
            return int(count)

    def __iter__(self) -> Iterator[BatchResult]:
        """Yield the results, each time anew.

        Raises:
            CheckpointError: It cannot be read.
        """
        with checkpoint_errors(self.source):
            for key, session_id, values in self.select(_SELECT):
                value = self._value(values)
                yield BatchResult(key.hex(), read_text(session_id), value)

    def _value(self, values: bytes) -> object:
        try:
            return element(values, self.number)
        except (DecodeError, LookupError, TypeError) as error:
            raise damaged(self.source, str(error)) from error


def element(array: bytes, number: int) -> object:
    """Return one element of a JSON array, without decoding the others if it can be.

    Raises:
        DecodeError: It is not JSON.
        IndexError, TypeError: It has no such element, or is no array.
    """
    try:
        found = _SPLIT(array)[number]
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return judge(array).value[number]  # type: ignore[index]  # a TypeError then
    return parse(bytes(found)).value


def kept_text(text: str) -> bytes:
    """Return a text as it is kept, with lone halves and all."""
    return text.encode("utf-8", "surrogatepass")


def read_text(kept: bytes) -> str:
    """Return a text that was kept."""
    return kept.decode("utf-8", "surrogatepass")


Key: TypeAlias = bytes

_RESULT: Final = """INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ? AND NOT EXISTS (SELECT 1 FROM places
        WHERE portion = ? AND number = ? AND result IS NULL))"""
_PLACE: Final = "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)"
_NO_PROBLEM: Final = "DELETE FROM problems WHERE portion = ? AND number = ?"
_PROBLEM: Final = "INSERT INTO problems VALUES (NULL, ?, ?, ?, ?, ?, ?)"
_NO_RESULT: Final = """UPDATE places SET result = NULL
    WHERE portion = ? AND number = ?"""
_UNKNOWN: Final = """DELETE FROM known WHERE key = (SELECT key
    FROM places JOIN results ON id = result WHERE portion = ? AND number = ?)"""
_DELETE: Final = """DELETE FROM results WHERE id = (SELECT result
    FROM places WHERE portion = ? AND number = ?)"""


def add_results(
    connection: sqlite3.Connection, plugins: int, done: Iterable[tuple[Key, Done]]
) -> None:
    """Add the results of sessions, each with its place and its plugins' errors.

    One whose plugins failed, or that was replayed again since its id is repeated, is
    not final: it is not what the next run would have.
    """
    (last,) = connection.execute("SELECT ifnull(max(id), 0) FROM results").fetchone()
    numbered = list(enumerate(done, last + 1))
    rows = (_result(number, plugins, key, each) for number, (key, each) in numbered)
    connection.executemany(_RESULT, rows)
    add_places(connection, ((d.found.place, n) for n, (_, d) in numbered), known=False)
    add_problems(connection, (p for _, (_, each) in numbered for p in _errors(each)))


def add_places(
    connection: sqlite3.Connection,
    results: Iterable[tuple[Place, int | None]],
    *,
    known: bool,
) -> None:
    """Say which results places have; no other, and no problem."""
    rows = [(*place, result, known) for place, result in results]
    connection.executemany(_PLACE, rows)
    connection.executemany(_NO_PROBLEM, (row[:2] for row in rows))


def replace_by_problems(
    connection: sqlite3.Connection, problems: tuple[Problem, ...]
) -> None:
    """Say that places have problems, and nothing else."""
    places = [problem.place for problem in problems]
    connection.executemany(_NO_RESULT, places)
    connection.executemany(_NO_PROBLEM, places)
    add_problems(connection, problems)


def add_problems(connection: sqlite3.Connection, problems: Iterable[Problem]) -> None:
    """Add problems to what places have."""
    connection.executemany(_PROBLEM, map(_problem, problems))


def forget_results(connection: sqlite3.Connection, places: list[Place]) -> None:
    """Take places' results away, until they are replayed again."""
    connection.executemany(_UNKNOWN, places)
    connection.executemany(_DELETE, places)
    add_places(connection, ((place, None) for place in places), known=False)


def _result(number: int, plugins: int, key: Key, done: Done) -> tuple[object, ...]:
    columns = (
        *(plugins, key, kept_text(done.session_id)),
        *(done.counts.turns, done.counts.events),
        *(done.counts.messages, done.counts.diagnostics, done.values),
    )
    is_clean = not done.plugin_errors
    return (number, *columns, checksum(*columns), is_clean, *done.found.place)


def _problem(problem: Problem) -> tuple[object, ...]:
    texts = map(kept_text, (problem.name, problem.code, problem.reason))
    return (*problem.place, *texts, problem.is_quarantined)


def _errors(done: Done) -> Iterator[Problem]:
    for reason in done.plugin_errors:
        yield Problem(done.found.place, done.session_id, "plugin-error", reason)
