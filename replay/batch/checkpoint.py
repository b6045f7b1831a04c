"""What a batch has done, kept in a file as it goes on.

Results are kept by what they depend on: the plugins, and what is stored of a session.
Places say which of them are of this run, and in which order. All that one call keeps is
there as a whole or not at all, whenever the process is killed.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from sqlite3 import Cursor, Error
from typing import Final
from weakref import WeakSet

from replay.batch.checkpoint_file import opened
from replay.batch.keeping import (
    add_places,
    add_results,
    forget_results,
    replace_by_problems,
)
from replay.batch.kept_results import KeptResults, read_text
from replay.batch.sqlite_errors import checkpoint_errors, transaction
from replay.batch.taking_over import copy_results
from replay.batch.tasks import Digested, Found, Place, Problem, Repeated, Worked
from replay.batch.totals import Totals, totals_of

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
