"""The checkpoint of a batch: a file that keeps its results as it runs.

Results are stored under what they depend on: the plugins and the stored session.
Places tell which results belong to this run, and in what order. What one call keeps is
saved completely or not at all, even if the process is killed.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final
from weakref import WeakSet

import attrs
import msgspec

from replay.batch.checkpoint_file import (
    attach,
    checkpoint_errors,
    checksum,
    damaged,
    open_checkpoint,
    transaction,
)
from replay.batch.tasks import (
    FoundSession,
    Place,
    Problem,
    RepeatedSession,
    SessionResult,
    TaskDigests,
    TaskResult,
)
from replay.engine.report import BatchResult
from replay.errors import DecodeError
from replay.model.json_text import judge, parse_json


@attrs.frozen
class BatchReport:
    """The result of a batch: of this run, and of earlier runs that it continues."""

    sessions: int  #: of the location, or the shard: the sum of the next four
    replayed: int  #: in this run
    known: int  #: from an earlier run: neither they nor the plugins have changed
    failed: int  #: could not be replayed
    quarantined: int  #: killed their worker, and again when tried alone
    turns: int  #: of the replayed and known sessions, as are the next three
    events: int
    messages: int
    diagnostics: int
    seconds: float  #: how long this run took
    problems: tuple[Problem, ...] = ()  #: the first 100, in the order of the sessions


_MOST_PROBLEMS: Final = 100  # in a report
_IS_THERE: Final = """SELECT EXISTS (
    SELECT 1 FROM results WHERE plugins = ? AND is_final)"""
_FORGET_THE_RUN: Final = (
    "DELETE FROM places",
    "DELETE FROM problems",
    "DELETE FROM results WHERE NOT is_final",
    "DELETE FROM known",
)
_KNOW: Final = """INSERT OR IGNORE INTO known SELECT key, id FROM results
    WHERE plugins = ? AND is_final AND id > ? ORDER BY key"""
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
_FIND_REPEATED: Final = """INSERT INTO repeated
    SELECT NULL, portion, number, before FROM (
        SELECT portion, number,
            row_number() OVER same_id - 1 AS before,
            lead(1, 1, 0) OVER same_id AS is_followed
        FROM places CROSS JOIN results ON id = result
        WINDOW same_id AS (PARTITION BY session_id ORDER BY portion, number))
    WHERE before OR is_followed ORDER BY portion, number"""
_COPY: Final = """INSERT INTO main.results
    SELECT NULL, :here, key, session_id, turns, events, messages, diagnostics,
        plugin_values, checksum_of(:here, key, session_id, turns, events, messages,
            diagnostics, plugin_values), 1
    FROM other.results AS theirs
    WHERE plugins = (SELECT id FROM other.plugin_sets WHERE key = :everywhere)
        AND is_final AND NOT EXISTS (SELECT 1 FROM known WHERE known.key = theirs.key)
    ORDER BY id"""
_PROBLEMS: Final = """SELECT portion, number, CAST(name AS BLOB), CAST(code AS BLOB),
    CAST(reason AS BLOB), is_quarantined FROM problems ORDER BY portion, number, id"""
_DONE: Final = """SELECT count(*), total(is_known), total(turns), total(events),
    total(messages), total(diagnostics) FROM places JOIN results ON id = result"""
_FAILED: Final = """SELECT count(*), total(is_quarantined) FROM (
    SELECT max(is_quarantined) AS is_quarantined FROM problems
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE result IS NOT NULL
        AND places.portion = problems.portion AND places.number = problems.number)
    GROUP BY portion, number)"""


class Checkpoint:
    """A batch's results, places and problems; for one thread of one process at a time.

    Args:
        path: The file; created if missing. None: a temporary file without a name.
        plugins_key: Identifies the plugins, their versions and their options: results
            under another key are left alone.

    Raises:
        CheckpointError: Another run has it open, it isn't a checkpoint, or is damaged.
    """

    def __init__(self, path: Path | None, plugins_key: bytes) -> None:
        self._source = "the temporary checkpoint" if path is None else str(path)
        self._plugins_key = plugins_key
        size = len(plugins_key).to_bytes(8, "big")
        self._hash = blake2b(size + plugins_key, digest_size=16)
        self._walks = WeakSet[sqlite3.Cursor]()
        with self._errors():
            self._connection = open_checkpoint(path)
            try:
                self._plugins = self._number_of_plugins()
                #: Whether an earlier run left results of these plugins.
                self.has_results = bool(self._one(_IS_THERE, self._plugins))
            except BaseException:
                self.close()
                raise

    def begin(self) -> None:
        """Begin a run: forget places, problems, and results that aren't final."""
        with self._whole():
            for statement in _FORGET_THE_RUN:
                self._connection.execute(statement)
            self._connection.execute(_KNOW, (self._plugins, 0))

    def save(self, result: TaskResult) -> None:
        """Save the results of a task, replacing what its places had before.

        A result isn't final if a plugin failed, or if the session was replayed again
        because its id is repeated: the next run would get another one.
        """
        with self._whole():
            last = self._last_result()
            numbered = [*enumerate(result.done, last + 1)]
            self._connection.executemany(_RESULT, (self._row(*row) for row in numbered))
            places = ((done.found.place, number) for number, done in numbered)
            self._add_places(places, known=False)
            self._add_problems(
                Problem(done.found.place, done.session_id, "plugin-error", reason)
                for done in result.done
                for reason in done.plugin_errors
            )
            self._replace_by_problems(result.problems)

    def place_known(self, digests: TaskDigests) -> list[Place]:
        """Place the sessions whose results were known when the run began.

        Returns:
            The places of the others, in order.
        """
        known = dict[Place, int]()
        with self._whole():
            for found in digests.found:
                select = "SELECT result FROM known WHERE key = ?"
                if result := self._one(select, self._key(found)):
                    known[found.place] = result
            self._add_places(known.items(), known=True)
            self._replace_by_problems(digests.problems)
        return [each.place for each in digests.found if each.place not in known]

    def repeated_sessions(self) -> Iterator[RepeatedSession]:
        """Yield the sessions that share an id with others, in order of place."""
        with self._whole():
            self._connection.execute("DELETE FROM repeated")
            self._connection.execute(_FIND_REPEATED)
        with self._errors():
            select = "SELECT portion, number, before FROM repeated ORDER BY id"
            for portion, number, before in self._walk(select):
                yield RepeatedSession((portion, number), before)

    def discard(self, places: Iterable[Place]) -> None:
        """Discard the results of sessions that will be replayed again.

        The next results saved for these places are for this run only.
        """
        places = list(places)
        with self._whole():
            self._connection.executemany(_UNKNOWN, places)
            self._connection.executemany(_DELETE, places)
            self._add_places(((place, None) for place in places), known=False)

    def copy_from(self, other: Path) -> int:
        """Copy the results of the same plugins from another checkpoint.

        They count as known. A run must have begun.

        Returns:
            How many were not known before.

        Raises:
            CheckpointError: The other file isn't a checkpoint, is in use, or damaged.
        """
        with (
            self._errors(),
            attach(self._connection, other),
            checkpoint_errors(f"{other}, copied to {self._source}"),
            transaction(self._connection),
        ):
            last = self._last_result()
            names = {"here": self._plugins, "everywhere": self._plugins_key}
            copied = self._connection.execute(_COPY, names).rowcount
            self._connection.execute(_KNOW, (self._plugins, last))
        return copied

    def problems(self) -> Iterator[Problem]:
        """Yield the failures of sessions and plugins, in order of place."""
        with self._errors():
            for portion, number, *texts, is_quarantined in self._walk(_PROBLEMS):
                name, code, reason = map(_read_text, texts)
                place = (portion, number)
                yield Problem(place, name, code, reason, bool(is_quarantined))

    def results(self, number: int) -> "KeptResults":
        """Return a plugin's results for all sessions, read as they are iterated.

        Args:
            number: The plugin's, among all plugins of the batch, from 0.
        """
        return KeptResults(self._walk, self._source, number)

    def report(self) -> BatchReport:
        """Return the report of all places of this run; its ``seconds`` are 0."""
        with self._errors():
            placed, known, *counts = map(int, self._walk(_DONE).fetchone())
            failed, quarantined = map(int, self._walk(_FAILED).fetchone())
            turns, events, messages, diagnostics = counts
            return BatchReport(
                *(placed + failed, placed - known, known),
                *(failed - quarantined, quarantined),
                *(turns, events, messages, diagnostics),
                seconds=0.0,
                problems=tuple(islice(self.problems(), _MOST_PROBLEMS)),
            )

    def close(self) -> None:
        """Close the file, leaving no journal. Calling it twice is harmless."""
        while self._walks:  # an open cursor would keep the file locked
            self._walks.pop().close()
        with suppress(sqlite3.Error):  # its journal stays then, which does no harm
            self._connection.execute("PRAGMA main.journal_mode = DELETE")
        self._connection.close()

    def _number_of_plugins(self) -> int:
        with transaction(self._connection):
            insert = "INSERT OR IGNORE INTO plugin_sets (key) VALUES (?)"
            self._connection.execute(insert, (self._plugins_key,))
        select = "SELECT id FROM plugin_sets WHERE key = ?"
        return self._one(select, self._plugins_key)

    def _last_result(self) -> int:
        select = "SELECT ifnull(max(id), 0) FROM results"
        return int(self._connection.execute(select).fetchone()[0])

    def _row(self, number: int, done: SessionResult) -> tuple[object, ...]:
        counts = done.counts
        columns = (
            *(self._plugins, self._key(done.found), _kept_text(done.session_id)),
            *(counts.turns, counts.events, counts.messages, counts.diagnostics),
            done.values,
        )
        is_clean = not done.plugin_errors
        return (number, *columns, checksum(*columns), is_clean, *done.found.place)

    def _add_places(
        self, results: Iterable[tuple[Place, int | None]], *, known: bool
    ) -> None:
        """Set the results of places, replacing other results and problems."""
        rows = [(*place, result, known) for place, result in results]
        self._connection.executemany(_PLACE, rows)
        self._connection.executemany(_NO_PROBLEM, (row[:2] for row in rows))

    def _replace_by_problems(self, problems: Iterable[Problem]) -> None:
        """Set the problems of places, replacing results and other problems."""
        places = [problem.place for problem in problems]
        self._connection.executemany(_NO_RESULT, places)
        self._connection.executemany(_NO_PROBLEM, places)
        self._add_problems(problems)

    def _add_problems(self, problems: Iterable[Problem]) -> None:
        for each in problems:
            texts = map(_kept_text, (each.name, each.code, each.reason))
            row = (*each.place, *texts, each.is_quarantined)
            self._connection.execute(_PROBLEM, row)

    def _walk(self, select: str) -> sqlite3.Cursor:
        cursor = self._connection.execute(select)
        self._walks.add(cursor)
        return cursor

    def _key(self, found: FoundSession) -> bytes:
        key = self._hash.copy()
        name = _kept_text(found.name)
        key.update(b"%d:%b%b" % (len(found.digest), found.digest, name))
        return key.digest()

    def _one(self, select: str, value: int | bytes) -> int:
        (found,) = self._connection.execute(select, (value,)).fetchone() or (0,)
        return int(found)

    def _errors(self) -> AbstractContextManager[None]:
        return checkpoint_errors(self._source)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        with self._errors(), transaction(self._connection):
            yield


_COUNT: Final = "SELECT count(*) FROM places JOIN results ON id = result"
_SELECT: Final = """SELECT
    CAST(key AS BLOB), CAST(session_id AS BLOB), CAST(plugin_values AS BLOB)
    FROM places CROSS JOIN results ON id = result ORDER BY portion, number"""
_SPLIT: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


@attrs.frozen
class KeptResults:
    """The results of one plugin, in the order of the sessions."""

    select: Callable[[str], sqlite3.Cursor]  #: queries the checkpoint
    source: str  #: its file
    number: int  #: the plugin's, among all plugins of the batch, from 0

    def __len__(self) -> int:
        """Return the number of sessions."""
        with checkpoint_errors(self.source):
            (count,) = self.select(_COUNT).fetchone()
            return int(count)

    def __iter__(self) -> Iterator[BatchResult]:
        """Yield the results; they can be iterated repeatedly.

        Raises:
            CheckpointError: The checkpoint cannot be read.
        """
        with checkpoint_errors(self.source):
            for key, session_id, values in self.select(_SELECT):
                try:
                    value = element(values, self.number)
                except (DecodeError, LookupError, TypeError) as error:
                    raise damaged(self.source, str(error)) from error
                yield BatchResult(key.hex(), _read_text(session_id), value)


def element(array: bytes, number: int) -> object:
    """Return one element of a JSON array, without decoding the others if possible.

    Raises:
        DecodeError: It is not JSON.
        IndexError, TypeError: It has no such element, or isn't an array.
    """
    try:
        found = _SPLIT(array)[number]
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return judge(array).value[number]  # type: ignore[index]  # a TypeError then
    return parse_json(bytes(found)).value


def _kept_text(text: str) -> bytes:
    """Return a text as it is stored, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def _read_text(kept: bytes) -> str:
    return kept.decode("utf-8", "surrogatepass")
