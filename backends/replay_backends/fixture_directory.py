"""A directory of session files, nested or not, as a backend."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, Never

import attrs

from replay import Portion, Session, SessionSummary, Stored, dump
from replay.authoring import FilesWithoutSession, os_errors_of, session_id_of
from replay.errors import BackendError, SessionNotFoundError
from replay_backends.files.directory_scan import FoundFile, is_safe, scan
from replay_backends.files.file_access import Folder, open_folder, source_below
from replay_backends.files.file_portions import (
    FileKey,
    file_key,
    no_portion,
    portions_in,
    stored_in,
)
from replay_backends.files.nearby import files_ending, open_below
from replay_backends.files.other_files import OtherFiles
from replay_backends.files.read_options import FileReader
from replay_backends.files.recorder import check_not_live, replacing
from replay_backends.files.session_file import (
    SessionFile,
    check_replaceable,
    is_called_for,
    is_uncertain,
    prepare_to_write,
    stem_of,
)
from replay_backends.files.session_index import IndexFile, Listed, SessionIndex

_LOGGER: Final = logging.getLogger("replay")
_LARGE: Final = 4 << 20  # bytes; a larger file may be split


@attrs.define(eq=False)
class FixtureDirectoryBackend(FileReader):
    """Sessions from the files of a directory and of all directories below it.

    They are ordered by the bytes of their files' paths. Hidden files are skipped; a
    link, pipe, device or socket with a session file's name is refused. Files that hold
    no session, and files of other kinds, are counted and logged once, as information.
    From 1,000 files on, an index in the user's cache directory speeds up listing.

    Args:
        location: The directory.
        pattern: Pattern for file names, such as ``*.json``; None: ``*.json``,
            ``*.jsonl``, ``*.ndjson``, ``*.sse``, ``*.eval``, ``*.traj``, each also with
            ``.gz`` or ``.zst``, and ``*.jsonl.part``, in any letter case; also
            ``*.txt``, ``*.log``, ``*.yaml`` and ``*.yml`` if a recording is recognized
            in them. With a pattern, files of other kinds aren't counted.
        strict: Refuse unknown or malformed events.
        limits: Size limits.
        nan: ``"null"`` reads NaN and Infinity as null; None: they are refused.
        format: The format of what isn't a session of the service's, such as
            ``claude-code``; None: the content tells.
        keep: ``"all"`` keeps the bookkeeping of other formats as unknown events; None:
            it is only counted.
        branches: Of a conversation that went back and on elsewhere, ``"last"`` reads
            the last branch, ``"all"`` all of them in the file's order, ``"separate"``
            each as a session.
        create: Create the directory if it is missing.

    Raises:
        BackendError: It isn't a directory, or cannot be opened or created.
    """

    location: str
    pattern: str | None = attrs.field(default=None, kw_only=True)
    create: bool = attrs.field(default=False, kw_only=True)
    _path: Path = attrs.field(init=False)
    _index: SessionIndex[str] = attrs.field(init=False)
    _walked: "_Walk | None" = attrs.field(default=None, init=False)  #: the last one
    _is_noted: bool = attrs.field(default=False, init=False)  #: whether it was logged

    def __attrs_post_init__(self) -> None:
        with os_errors_of(self.location):
            self._path = Path.cwd() / self.location
            if self.create:
                self._path.mkdir(parents=True, exist_ok=True)
        with self._root():
            pass
        self._index = SessionIndex(self._listing, self._sessions_at, self._listing_anew)

    @staticmethod
    def claims(path: str) -> bool:
        """Tell whether this backend reads an existing path."""
        return Path(path).is_dir()

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield the header of each session."""
        return chain(chain.from_iterable(self._index.listing()), self._noted())

    def session(self, session_id: str) -> Session:
        """Return the first session with that id, wherever it is."""
        if session := self._index.session(session_id):
            return session
        raise SessionNotFoundError(self.location, f"there is no session {session_id!a}")

    def sessions(self) -> Iterator[Session]:
        """Yield every session."""
        walk = _Walk()
        read = partial(self._recognized, walk)
        found = chain.from_iterable(map(read, self._paths(walk)))
        return chain(found, self._noted())

    def portions(self) -> Iterator[Portion]:
        """Yield each file, or ranges of lines if a large file's lines are sessions.

        Only large files are opened for this. A file that cannot be opened is listed
        anyway, and fails when its sessions are read.
        """
        with self._root() as root:
            for found in self._scan(root, _Walk()):
                key = _key(found)
                if key.size > _LARGE:
                    yield from portions_in(self._file(found.path), key)
                else:
                    yield key.portion()
        yield from self._noted()

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a portion, in the order of its file, if it has any."""
        key = file_key(portion, self.location)
        if not is_safe(key.path, self._accepts):
            raise no_portion(self.location, portion)
        return stored_in(self._file(key.path), key, is_one_of_many=True)

    def write(self, session: Session) -> None:
        """Write a session to a file named after its id.

        It replaces a session with the same id that was written before. A session with
        the same id in a file of another name stays.

        Raises:
            BackendError: It could not be written, the file holds another session, or
                the directory has a live recording of it; all files are unchanged.
            DecodeError: The file holds something else.
            EncodeError: The session, built by hand, holds values that JSON cannot.
        """
        name, kept = prepare_to_write(session)
        with self._root() as root:
            self._check_place(root, name, session.session_id)
            with replacing(root, name) as file:
                dump(kept, file)

    def close(self) -> None:
        """Do nothing: no file stays open between calls."""

    def _root(self) -> AbstractContextManager[Folder]:
        return open_folder(self._path, self.location)

    def _accepts(self, name: str) -> bool:
        return is_called_for(name, self.pattern)

    def _scan(self, root: Folder, walk: "_Walk") -> Iterator[FoundFile]:
        for found in scan(root, self._accepts, walk.others.add):
            if self._is_uncertain(found.path) and not found.is_regular:
                continue
            yield found
        self._walked = walk

    def _is_uncertain(self, path: str) -> bool:
        return is_uncertain(path, self.pattern)

    def _noted(self) -> Iterator[Never]:
        """Log once what other files there are, at the end of a walk; yield nothing."""
        if self._walked and not self._is_noted:
            self._is_noted = True
            if self._walked.without_session:
                _LOGGER.info("%s: %s", self.location, self._walked.without_session)
            if self._walked.others and self.pattern is None:
                _LOGGER.info("%s: %s", self.location, self._walked.others)
        yield from ()

    def _file(self, path: str) -> SessionFile:
        """Return the file at a path in the directory, which need not be open."""
        folder, slash, name = path.rpartition("/")
        return SessionFile(
            partial(open_below, self._path, self.location, path),
            name,
            session_id_of(stem_of(name)),
            source_below(self.location, path),
            self.read_options,
            partial(_open_beside, self._path, self.location, folder + slash),
            (self._path / path).parent.name,
            partial(files_ending, self._path, self.read_options, self.pattern),
            is_uncertain=self._is_uncertain(name),
        )

    def _paths(self, walk: "_Walk") -> Iterator[str]:
        with self._root() as root:
            for found in self._scan(root, walk):
                yield found.path

    def _recognized(self, walk: "_Walk", path: str) -> Iterator[Session]:
        return walk.without_session.noted(self._sessions_at(path), path)

    def _sessions_at(self, path: str) -> Iterator[Session]:
        return self._file(path).sessions()

    def _listing(self) -> Iterator[Listed[str]]:
        return self._scanned(IndexFile.read(self._path) if self._is_usual else None)

    def _listing_anew(self) -> Iterator[Listed[str]]:
        return self._scanned(IndexFile.of(self._path) if self._is_usual else None)

    @property
    def _is_usual(self) -> bool:
        """Tell whether listing with other options would give the same."""
        return (self.nan, self.format, self.branches) == (None, None, "last")

    def _scanned(self, index: IndexFile | None) -> Iterator[Listed[str]]:
        walk = _Walk()
        with self._root() as root:
            for found in self._scan(root, walk):
                yield self._listed(found, index, walk)
            if index:
                index.write()

    def _listed(
        self, found: FoundFile, index: IndexFile | None, walk: "_Walk"
    ) -> Listed[str]:
        if index and (known := index.known(found)):
            return Listed(found.path, known, is_known=True)
        file = self._file(found.path).lenient()  # for strict and lenient readers
        sessions = walk.without_session.noted(file.sessions(), found.path)
        listed = Listed.of(found.path, sessions)
        if index and listed.summaries and not listed.errors:
            index.remember(found, listed.summaries)
        return listed

    def _check_place(self, root: Folder, name: str, session_id: str) -> None:
        if not self._accepts(name):
            reason = f"the pattern {self.pattern!r} doesn't match {name!r}"
            raise BackendError(self.location, reason)
        check_not_live(root, stem_of(name))
        if root.has(name):
            check_replaceable(self._file(name), session_id)


@attrs.frozen
class _Walk:
    """The files that a walk passed over."""

    others: OtherFiles = attrs.field(factory=OtherFiles)
    without_session: FilesWithoutSession = attrs.field(factory=FilesWithoutSession)


def _open_beside(directory: Path, source: str, folder: str, name: str) -> BinaryIO:
    return open_below(directory, source, folder + name)


def _key(found: FoundFile) -> FileKey:
    try:
        return FileKey.of(found.path, found.stat())
    except BackendError:  # it is gone: reading it will say so
        return FileKey(found.path, 0, 0)
