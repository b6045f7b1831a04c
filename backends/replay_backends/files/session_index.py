"""An index from session ids to files, in memory and on disk.

An entry on disk is valid only while its file's size, times and inode are unchanged. A
file isn't kept if it changed so shortly before it was read that a later change might
have the same time.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, Generic, TypeVar

import attrs

from replay import Session, SessionSummary
from replay.authoring import decode_header, readable, write_json
from replay.errors import BackendError, DecodeError
from replay_backends.files.directory_scan import FoundFile
from replay_backends.files.file_access import Folder
from replay_backends.files.recorder import replacing

NAME: Final = ".chat-replay-index.json"
FORMAT: Final = "chat-replay-index-1"
TICK_NS = 2_000_000_000  #: the coarsest clock of a file system, FAT's, in nanoseconds
_LENGTH: Final = 5  # of an entry: a stamp's four numbers and a list of headers
FEWEST = 1000  #: files; reading fewer is quick enough
_OWNER_ONLY: Final = 0o600  # titles are private if the sessions are

_Place = TypeVar("_Place")


@attrs.frozen
class Listed(Generic[_Place]):
    """The sessions found in one file."""

    place: _Place  #: where the file is
    summaries: list[SessionSummary]
    errors: Sequence[BackendError | DecodeError] = ()  #: why there may be more

    @classmethod
    def of(cls, place: _Place, sessions: Iterable[Session]) -> "Listed[_Place]":
        """Return the listing of a file, from its sessions."""
        errors: list[BackendError | DecodeError] = []
        found = [each.summary() for each in readable(sessions, errors.append)]
        return cls(place, found, errors)

    def __iter__(self) -> Iterator[SessionSummary]:
        """Yield the summaries; raise the errors, one whenever the next is asked for."""
        return map(_raise_errors, (*self.summaries, *self.errors))


def _raise_errors(
    found: SessionSummary | BackendError | DecodeError,
) -> SessionSummary:
    if isinstance(found, SessionSummary):
        return found
    raise found


@attrs.define(eq=False)
class SessionIndex(Generic[_Place]):
    """The sessions of many files, found by id.

    Args:
        files: Lists all files, with the sessions in each.
        sessions_at: Reads the sessions of the file at a place.
        known: Returns places by session id, as known earlier; they may be wrong.
    """

    _files: Callable[[], Iterator[Listed[_Place]]]
    _sessions_at: Callable[[_Place], Iterator[Session]]
    _known: Callable[[], Mapping[str, _Place]] = dict
    #: The first known file of each id; None: not looked up yet
    _places: Mapping[str, _Place] | None = attrs.field(default=None, init=False)

    def listing(self) -> Iterator[Listed[_Place]]:
        """Yield the listing of each file, and at the end keep each session's place."""
        places: dict[str, _Place] = {}
        for listed in self._files():
            for summary in listed.summaries:
                places.setdefault(summary.session_id, listed.place)
            yield listed
        self._places = places

    def session(self, session_id: str) -> Session | None:
        """Return the first session with an id; None: there is none.

        Raises:
            DecodeError: There may be one in a file that holds something else.
            BackendError: There may be one in a file that cannot be read.
        """
        with suppress(BackendError, DecodeError):  # the file may have changed
            if session := self._where_known(session_id):
                return session
        errors = [error for listed in self.listing() for error in listed.errors]
        session = self._where_known(session_id)
        if session is None and errors:
            raise errors[0]
        return session

    def _where_known(self, session_id: str) -> Session | None:
        if self._places is None:
            self._places = self._known()
        if session_id in self._places:
            return find(self._sessions_at(self._places[session_id]), session_id)
        return None


def find(sessions: Iterable[Session], session_id: str) -> Session | None:
    """Return the first session with an id; None: there is none.

    Raises:
        DecodeError, BackendError: It may be among those that cannot be read.
    """
    errors: list[BackendError | DecodeError] = []
    for session in readable(sessions, errors.append):
        if session.session_id == session_id:
            return session
    for error in errors:
        raise error
    return None


@attrs.define
class IndexFile:
    """A directory's index: the entries it had, and those found in this scan."""

    _known: dict[str, object]
    _found: dict[str, object] = attrs.field(factory=dict, init=False)
    _count: int = attrs.field(default=0, init=False)
    _began: int = attrs.field(factory=time.time_ns, init=False)

    @classmethod
    def read(cls, folder: Folder) -> "IndexFile":
        """Return a directory's index; an empty one if it has no valid one."""
        try:
            with folder.open(NAME) as file:
                index = json.load(file)
        except (BackendError, OSError, ValueError, RecursionError):
            index = None
        match index:
            case {"format": str(name), "files": dict(files)} if name == FORMAT:
                return cls(files)
        return cls({})

    def paths(self) -> dict[str, str]:
        """Return the known path of each session's first file, by session id."""
        paths: dict[str, str] = {}
        for path, entry in self._known.items():
            for header in _headers(entry):
                paths.setdefault(str(header["session_id"]), path)
        return paths

    def known(self, found: FoundFile) -> list[SessionSummary] | None:
        """Return the known headers of a file's sessions; None: read the file."""
        self._count += 1
        entry = self._known.get(found.path)
        try:
            stamp = _stamp(found.stat())
            known = [decode_header(header, "") for header in _headers(entry, stamp)]
        except (BackendError, DecodeError):
            return None
        if known:
            self._found[found.path] = entry
        return known or None

    def remember(self, found: FoundFile, summaries: list[SessionSummary]) -> None:
        """Add headers that were read from a file after a call of :meth:`known`."""
        status = found.stat()
        if max(status.st_mtime_ns, status.st_ctime_ns) + TICK_NS < self._began:
            headers = [summary.as_object() for summary in summaries]
            self._found[found.path] = [*_stamp(status), headers]

    def write(self, folder: Folder) -> None:
        """Write the index, if that is worth it and the directory allows it."""
        is_worth_it = self._count >= FEWEST and self._found != self._known
        if not is_worth_it or folder.is_read_only():
            return
        with suppress(BackendError), replacing(folder, NAME, _OWNER_ONLY) as file:
            file.write(write_json({"format": FORMAT, "files": self._found}))


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _headers(entry: object, stamp: list[int] | None = None) -> list[dict[str, object]]:
    """Return the headers in an entry; none if it is malformed or its stamp differs."""
    if not isinstance(entry, list) or len(entry) != _LENGTH:
        return []
    *found, headers = entry
    if not isinstance(headers, list) or not all(map(_is_header, headers)):
        return []
    return headers if stamp in (None, found) else []


def _is_header(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("session_id"), str)
