"""Where each session of a directory is, and what the directory's files hold."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import attrs

from replay.errors import BackendError, DecodeError, ReplayError
from replay.file_names import session_id_of
from replay.sessions import Session, SessionSummary
from replay_backends.folders import Folder, open_folder, source_below
from replay_backends.index import Index
from replay_backends.scanning import FoundFile, is_safe, open_path, scan
from replay_backends.session_files import Reading, SessionFile, stem_of


@attrs.frozen
class Listed:
    """What a scan found in one file."""

    path: str  #: from the directory
    summaries: list[SessionSummary]
    error: ReplayError | None  #: why there may be more; None: that is all


@attrs.define(eq=False)
class Catalogue:
    """A directory's sessions, found by id.

    Args:
        root: Opens the directory.
        accepts: Tells by its name whether a file is one of sessions.
        reading: How files are read.
    """

    root: Callable[[], AbstractContextManager[Folder]]
    accepts: Callable[[str], bool]
    reading: Reading
    #: The first file of each id, as far as is known; None: nobody has looked
    _paths: dict[str, str] | None = attrs.field(default=None, init=False)

    def listing(self) -> Iterator[Listed]:
        """Yield what each file holds; at the end, keep where each session is."""
        paths: dict[str, str] = {}
        with self.root() as root:
            index = Index.read(root)
            for found in scan(root, self.accepts):
                listed = self._listed(root, found, index)
                for summary in listed.summaries:
                    paths.setdefault(summary.session_id, listed.path)
                yield listed
            index.write(root)
        self._paths = paths

    def session(self, session_id: str) -> Session | None:
        """Return the first session of an id; None: there is none.

        Raises:
            DecodeError: There may be one in a file that holds something else.
            BackendError: There may be one in a file that cannot be read.
        """
        with suppress(BackendError, DecodeError):  # the file may have changed
            if session := self._where_known(session_id):
                return session
        errors = [listed.error for listed in self.listing() if listed.error]
        session = self._where_known(session_id)
        if session is None and errors:
            raise errors[0]
        return session

    def _listed(self, root: Folder, found: FoundFile, index: Index) -> Listed:
        read: list[SessionSummary] = []
        reading = attrs.evolve(self.reading, strict=False)  # an index is for everyone
        try:
            if known := index.known(found):
                return Listed(found.path, known, None)
            sessions = fixtures_in(root, found.path, reading)
            read.extend(session.summary() for session in sessions)
            index.remember(found, read)
        except ReplayError as error:
            return Listed(found.path, read, error)
        return Listed(found.path, read, None)

    def _where_known(self, session_id: str) -> Session | None:
        with self.root() as root:
            if self._paths is None:
                known = reversed([*Index.read(root).paths()])  # the first one counts
                self._paths = {i: p for i, p in known if is_safe(p, self.accepts)}
            path = self._paths.get(session_id)
            if path is None:
                return None
            for session in fixtures_in(root, path, self.reading):
                if session.session_id == session_id:
                    return session
        return None


def fixtures_in(root: Folder, path: str, reading: Reading) -> Iterator[Session]:
    """Yield the sessions that a file of a directory holds.

    Args:
        root: The directory.
        path: Where the file is, from *root*; its name is the id of a session without
            one.
        reading: How to read it.

    Raises:
        DecodeError: It holds something else.
        BackendError: It cannot be read to its end.
    """
    return fixture(root.path, root.source, path, reading).sessions()


def fixture(directory: Path, source: str, path: str, reading: Reading) -> SessionFile:
    """Return a file of a directory, which need not be open.

    Args:
        directory: Where the directory is.
        source: What messages call it.
        path: Where the file is, as for :func:`fixtures_in`.
        reading: How to read it.
    """
    name = path.rpartition("/")[2]
    session_id = session_id_of(stem_of(name))
    open_file = partial(_open_below, directory, source, path)
    file_source = source_below(source, path)
    return SessionFile(open_file, name, session_id, file_source, reading)


def _open_below(directory: Path, source: str, path: str) -> BinaryIO:
    with open_folder(directory, source) as root:
        return open_path(root, path)
