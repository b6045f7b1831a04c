"""What a batch has done, kept in a file as it goes on.

Results are kept by what they depend on: the plugins, and what is stored of a session.
Places say which of them are of this run, and in which order. All that one call keeps is
there as a whole or not at all, whenever the process is killed.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from sqlite3 import Cursor, Error
from typing import Final
from weakref import WeakSet

import attrs

from replay.batch.checkpoint_file import (
    check,
    checkpoint_errors,
    is_checkpoint,
    opened,
    transaction,
    uri_of,
)
from replay.batch.checkpoint_rows import (
    KeptResults,
    add_places,
    add_results,
    forget_results,
    read_text,
    replace_by_problems,
)
from replay.batch.tasks import Counts, Digested, Found, Place, Problem, Repeated, Worked
from replay.errors import CheckpointError

_COPY: Final = """INSERT INTO main.results
    SELECT NULL, :here, key, session_id, turns, events, messages, diagnostics,
        plugin_values, checksum_of(:here, key, session_id, turns, events, messages,
            diagnostics, plugin_values), 1
    FROM other.results AS theirs
    WHERE plugins = (SELECT id FROM other.plugin_sets WHERE key = :everywhere)
        AND is_final AND NOT EXISTS (SELECT 1 FROM known WHERE known.key = theirs.key)
    ORDER BY id"""
_KNOW_COPIED: Final = """INSERT OR IGNORE INTO known SELECT key, id FROM main.results
    WHERE id > ? ORDER BY key"""


def copy_results(
    connection: sqlite3.Connection,
    plugins: int,
    plugins_key: bytes,
    other: Path,
    source: str,
) -> int:
    """Copy what another checkpoint has for some plugins, and is not known here.

    Args:
        connection: To the checkpoint that takes it.
        plugins: What the plugins are numbered there.
        plugins_key: What they are known by everywhere.
        other: The other checkpoint's file.
        source: The file that takes it, for errors.

    Raises:
        CheckpointError: The other one cannot be read, or this one not written.
    """
    with checkpoint_errors(str(other)):
        connection.execute("ATTACH ? AS other", (uri_of(other, "ro"),))
        try:
            if not is_checkpoint(connection, "other", str(other)):
                reason = "it is no checkpoint: it is empty"
                raise CheckpointError(str(other), reason, "name another file")
            check(connection, "other", str(other))
            with checkpoint_errors(f"{other}, copied to {source}"):
                return _copy(connection, plugins, plugins_key)
        finally:
            connection.execute("DETACH other")


def _copy(connection: sqlite3.Connection, plugins: int, plugins_key: bytes) -> int:
    with transaction(connection):
        last = connection.execute("SELECT max(id) FROM results").fetchone()[0] or 0
        names = {"here": plugins, "everywhere": plugins_key}
        copied = connection.execute(_COPY, names).rowcount
        connection.execute(_KNOW_COPIED, (last,))
    return copied


_DONE: Final = """SELECT count(*), total(is_known), total(turns), total(events),
    total(messages), total(diagnostics) FROM places JOIN results ON id = result"""
_FAILED: Final = """SELECT count(*), total(is_quarantined) FROM (
    SELECT max(is_quarantined) AS is_quarantined FROM problems
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE result IS NOT NULL
        AND places.portion = problems.portion AND places.number = problems.number)
    GROUP BY portion, number)"""


@attrs.frozen
class Totals:
    """What all places of a run came to; *sessions* is the sum of the next four."""

    sessions: int = 0
    known: int = 0  #: whose results an earlier run had
    done: int = 0  #: that were replayed now
    failed: int = 0  #: that have no result, and are not quarantined
    quarantined: int = 0
    counts: Counts = attrs.field(factory=Counts)  #: of those known and done


def totals_of(connection: sqlite3.Connection) -> Totals:
    """Return what a checkpoint's places come to."""
    placed, known, *counts = map(int, connection.execute(_DONE).fetchone())
    failed, quarantined = map(int, connection.execute(_FAILED).fetchone())
    return Totals(
        sessions=placed + failed,
        known=known,
        done=placed - known,
        failed=failed - quarantined,
        quarantined=quarantined,
        counts=Counts(*counts),
    )


_IS_THERE: Final = """SELECT EXISTS (
    SELECT 1 FROM results WHERE plugins = ? AND is_final)"""
_FORGET_THE_RUN: Final = (
    "DELETE FROM places",
    "DELETE FROM problems",
    "DELETE FROM results WHERE NOT is_final",
    "DELETE FROM known",
)
_KNOW: Final = """INSERT OR IGNORE INTO known SELECT key, id FROM results
    WHERE plugins = ? AND is_final ORDER BY key"""
_FIND_REPEATED: Final = """INSERT INTO repeated
    SELECT NULL, portion, number, before FROM (
        SELECT portion, number,
            row_number() OVER same_id - 1 AS before,
            lead(1, 1, 0) OVER same_id AS is_followed
        FROM places CROSS JOIN results ON id = result
        WINDOW same_id AS (PARTITION BY session_id ORDER BY portion, number))
    WHERE before OR is_followed ORDER BY portion, number"""
_PROBLEMS: Final = """SELECT portion, number, CAST(name AS BLOB), CAST(code AS BLOB),
    CAST(reason AS BLOB), is_quarantined FROM problems ORDER BY portion, number, id"""


class Checkpoint:
    """Results, places and problems; for one thread of one process at a time.

    Args:
        path: The file; made where it is missing. None: a temporary one, without a name.
        plugins_key: Stands for the plugins, their versions and their options: results
            under another key are left alone.

    Raises:
        CheckpointError: Another run has it open, or it is no checkpoint, or damaged.
    """

    def __init__(self, path: Path | None, plugins_key: bytes) -> None:
        self._source = "the temporary checkpoint" if path is None else str(path)
        self._plugins_key = plugins_key
        size = len(plugins_key).to_bytes(8, "big")
        self._hash = blake2b(size + plugins_key, digest_size=16)
        self._walks = WeakSet[Cursor]()
        with self._errors():
            self._connection = opened(path)
            try:
                self._plugins = self._number_of_plugins()
                #: Whether an earlier run left results of these plugins.
                self.has_results = bool(self._one(_IS_THERE, self._plugins))
            except BaseException:
                self.close()
                raise

    def begin(self) -> None:
        """Begin a run: forget the places, the problems, and what is not final."""
        with self._whole():
            for statement in _FORGET_THE_RUN:
                self._connection.execute(statement)
            self._connection.execute(_KNOW, (self._plugins,))

    def keep(self, worked: Worked) -> None:
        """Keep what came of a task, in place of what its places had before."""
        done = [(self._key(each.found), each) for each in worked.done]
        with self._whole():
            add_results(self._connection, self._plugins, done)
            replace_by_problems(self._connection, worked.problems)

    def place_known(self, digested: Digested) -> list[Place]:
        """Place the sessions whose results were known when the run began.

        Returns:
            The places of the others, in order.
        """
        known = dict[Place, int]()
        with self._whole():
            for found in digested.found:
                select = "SELECT result FROM known WHERE key = ?"
                if result := self._one(select, self._key(found)):
                    known[found.place] = result
            add_places(self._connection, known.items(), known=True)
            replace_by_problems(self._connection, digested.problems)
        return [each.place for each in digested.found if each.place not in known]

    def repeated(self) -> Iterator[Repeated]:
        """Yield, in order, the places of sessions whose ids others have too."""
        with self._whole():
            self._connection.execute("DELETE FROM repeated")
            self._connection.execute(_FIND_REPEATED)
        with self._errors():
            select = "SELECT portion, number, before FROM repeated ORDER BY id"
            for portion, number, before in self._walk(select):
                yield Repeated((portion, number), before)

    def forget(self, places: Iterable[Place]) -> None:
        """Forget the results of sessions that are to be replayed again.

        What is kept for these places next is of this run only.
        """
        with self._whole():
            forget_results(self._connection, list(places))

    def take_over(self, other: Path) -> int:
        """Copy the results of the same plugins from another checkpoint.

        They count as known: a run must have begun.

        Returns:
            How many there were that were not known.

        Raises:
            CheckpointError: The other one is none, in use, or damaged.
        """
        with self._errors():
            return copy_results(
                self._connection, self._plugins, self._plugins_key, other, self._source
            )

    def problems(self) -> Iterator[Problem]:
        """Yield what failed, of sessions and plugins, in order of place."""
        with self._errors():
            for portion, number, *texts, is_quarantined in self._walk(_PROBLEMS):
                name, code, reason = map(read_text, texts)
                place = (portion, number)
                yield Problem(place, name, code, reason, bool(is_quarantined))

    def totals(self) -> Totals:
        """Return what all places of this run come to."""
        with self._errors():
            return totals_of(self._connection)

    def results(self, number: int) -> KeptResults:
        """Return what a plugin gave for each session; it is read when it is walked.

        Args:
            number: The plugin's, among those that give results.
        """
        return KeptResults(self._walk, self._source, number)

    def close(self) -> None:
        """Let go of the file, so that it stands alone. Calling it twice is harmless."""
        while self._walks:  # one that was left would hold the file
            self._walks.pop().close()
        with suppress(Error):  # then its journal stays beside it, which is as good
            self._connection.execute("PRAGMA main.journal_mode = DELETE")
        self._connection.close()

    def _number_of_plugins(self) -> int:
        with transaction(self._connection):
            insert = "INSERT OR IGNORE INTO plugin_sets (key) VALUES (?)"
            self._connection.execute(insert, (self._plugins_key,))
        select = "SELECT id FROM plugin_sets WHERE key = ?"
        return self._one(select, self._plugins_key)

    def _walk(self, select: str) -> Cursor:
        cursor = self._connection.execute(select)
        self._walks.add(cursor)
        return cursor

    def _key(self, found: Found) -> bytes:
        key = self._hash.copy()
        name = found.name.encode("utf-8", "surrogatepass")
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
