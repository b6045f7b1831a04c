"""Where each session of a directory is, and what the directory's files hold.

An entry counts only while its file's size, times and inode are what they were. One
that changed so shortly before it was read that a later change might bear the same time
is not kept.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from replay.codec.structure import decode_header
from replay.errors import BackendError, DecodeError, ReplayError
from replay.model.json_text import write
from replay.model.sessions import Session, SessionSummary
from replay.security.file_names import session_id_of
from replay_backends.files.directory_scan import FoundFile, is_safe, open_path, scan
from replay_backends.files.file_access import Folder, open_folder, source_below
from replay_backends.files.recorder import replaced
from replay_backends.files.session_file import Reading, SessionFile, stem_of

NAME: Final = ".chat-replay-index.json"
FORMAT: Final = "chat-replay-index-1"
TICK_NS = 2_000_000_000  #: the coarsest clock of a file system, FAT's, in nanoseconds
_LENGTH: Final = 5  # of an entry: a stamp's four numbers, and a list of headers
FEWEST = 1000  #: files, below which reading them all is quick enough
_OWNER_ONLY: Final = 0o600  # titles may be private where the sessions are


@attrs.define
class Index:
    """A directory's index: what was known, and what is known after this scan."""

    _known: dict[str, object]
    _found: dict[str, object] = attrs.field(factory=dict, init=False)
    _count: int = attrs.field(default=0, init=False)
    _began: int = attrs.field(factory=time.time_ns, init=False)

    @classmethod
    def read(cls, folder: Folder) -> "Index":
        """Return a directory's index; an empty one where it has none of ours."""
        return cls(_files(folder))

    def paths(self) -> Iterator[tuple[str, str]]:
        """Yield each session's id and its file's path, as they were known."""
        for path, entry in self._known.items():
            for header in _headers(entry):
                yield str(header["session_id"]), path

    def known(self, found: FoundFile) -> list[SessionSummary] | None:
        """Return the headers of a file's sessions; None: read them."""
        self._count += 1
        stamp = _stamp(found.stat())
        entry = self._known.get(found.path)
        try:
            known = [decode_header(header, "") for header in _headers(entry, stamp)]
        except DecodeError:
            return None
        if known:
            self._found[found.path] = entry
        return known or None

    def remember(self, found: FoundFile, summaries: list[SessionSummary]) -> None:
        """Take in what was read from a file after :meth:`known` had looked at it."""
        status = found.stat()
        if max(status.st_mtime_ns, status.st_ctime_ns) + TICK_NS < self._began:
            headers = [summary.as_object() for summary in summaries]
            self._found[found.path] = [*_stamp(status), headers]

    def write(self, folder: Folder) -> None:
        """Keep what is known now, where that is worth it and the directory lets us."""
        is_worth_it = self._count >= FEWEST and self._found != self._known
        if not is_worth_it or folder.is_read_only():
            return
        with suppress(BackendError), replaced(folder, NAME, _OWNER_ONLY) as file:
            file.write(write({"format": FORMAT, "files": self._found}))


def _files(folder: Folder) -> dict[str, object]:
    try:
        with folder.open(NAME) as file:
            index = json.load(file)
    except (BackendError, OSError, ValueError, RecursionError):
        return {}
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        return {}
    files = index.get("files")
    return files if isinstance(files, dict) else {}


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _headers(entry: object, stamp: list[int] | None = None) -> list[dict[str, object]]:
    """Return the headers in an entry; none where it is no entry, or another stamp's."""
    if not isinstance(entry, list) or len(entry) != _LENGTH:
        return []
    *found, headers = entry
    if not isinstance(headers, list) or not all(map(_is_header, headers)):
        return []
    return headers if stamp in (None, found) else []


def _is_header(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("session_id"), str)


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
