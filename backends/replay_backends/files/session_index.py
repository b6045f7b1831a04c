"""An index from session ids to files, in memory and in the user's cache directory.

An entry on disk is valid only while its file's size, times and inode are unchanged. A
file isn't kept if it changed so shortly before it was read that a later change might
have the same time. A cache that cannot be read or written is done without.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final, Generic, TypeVar

import attrs

from replay import Session, SessionSummary
from replay.authoring import decode_header, os_errors_of, readable, write_json
from replay.errors import BackendError, DecodeError
from replay_backends.files.directory_scan import FoundFile
from replay_backends.files.file_access import open_folder
from replay_backends.files.recorder import replacing

_SOURCE: Final = "the cache"
_SUFFIX: Final = ".index.json"
MOST = 100  #: indexes that are kept in the cache directory
FORMAT: Final = "chat-replay-index-3"
TICK_NS = 2_000_000_000  #: the coarsest clock of a file system, FAT's, in nanoseconds
#: Of an entry: a stamp's four numbers, a list of headers, their format.
_LENGTH: Final = 6
FEWEST = 1000  #: files; reading fewer is quick enough
_OWNER_ONLY: Final = 0o600  # titles are private if the sessions are
_BY_OTHERS: Final = 0o022  # the permissions of others to write
#: The variable for the caches of a user, and the usual directory, on each system.
_CACHES: Final = {
    "darwin": ("XDG_CACHE_HOME", "~/Library/Caches"),
    "win32": ("LOCALAPPDATA", "~/AppData/Local"),
}
_CACHE: Final = ("XDG_CACHE_HOME", "~/.cache")  # XDG Base Directory Specification 0.8

_Place = TypeVar("_Place")


@attrs.frozen
class Listed(Generic[_Place]):
    """The sessions found in one file."""

    place: _Place  #: where the file is
    summaries: list[SessionSummary]
    errors: Sequence[BackendError | DecodeError] = ()  #: why there may be more
    is_known: bool = False  #: whether an index said so, not the file

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
        anew: Lists them from the files alone; None: *files* does so.
    """

    _files: Callable[[], Iterator[Listed[_Place]]]
    _sessions_at: Callable[[_Place], Iterator[Session]]
    _anew: Callable[[], Iterator[Listed[_Place]]] | None = None
    #: The first file of each id, as last listed
    _places: Mapping[str, _Place] = attrs.field(factory=dict, init=False)

    def listing(self) -> Iterator[Listed[_Place]]:
        """Yield the listing of each file, and at the end keep each session's place."""
        return self._listed(self._files)

    def _listed(
        self, files: Callable[[], Iterator[Listed[_Place]]]
    ) -> Iterator[Listed[_Place]]:
        places: dict[str, _Place] = {}
        for listed in files():
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
            if session := self._where_listed(session_id):
                return session
        errors, is_known = self._list(self._files)
        if self._anew and is_known:
            with suppress(BackendError, DecodeError):  # what is known may be wrong
                if session := self._where_listed(session_id):
                    return session
            errors, _ = self._list(self._anew)
        session = self._where_listed(session_id)
        if session is None and errors:
            raise errors[0]
        return session

    def _list(
        self, files: Callable[[], Iterator[Listed[_Place]]]
    ) -> tuple[list[BackendError | DecodeError], bool]:
        """List all files; return the errors, and whether any was known before."""
        errors: list[BackendError | DecodeError] = []
        is_known = False
        for listed in self._listed(files):
            errors += listed.errors
            is_known = is_known or listed.is_known
        return errors, is_known

    def _where_listed(self, session_id: str) -> Session | None:
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

    directory: str
    path: Path | None  #: None: there is no cache directory
    _known: dict[str, object] = attrs.field(factory=dict)
    _found: dict[str, object] = attrs.field(factory=dict, init=False)
    _count: int = attrs.field(default=0, init=False)
    _began: int = attrs.field(factory=time.time_ns, init=False)

    @classmethod
    def of(cls, directory: Path) -> "IndexFile":
        """Return an empty index for a directory."""
        real = os.path.realpath(directory)
        return cls(real, _place(real))

    @classmethod
    def read(cls, directory: Path) -> "IndexFile":
        """Return a directory's index; an empty one if it has no valid one."""
        index = cls.of(directory)
        with suppress(BackendError, OSError, ValueError, RecursionError):
            return attrs.evolve(index, known=_entries(index.path, index.directory))
        return index

    def known(self, found: FoundFile) -> list[SessionSummary] | None:
        """Return the known headers of a file's sessions; None: read the file."""
        self._count += 1
        entry = self._known.get(found.path)
        try:
            stamp = _stamp(found.stat())
            headers, converted = _headers(entry, stamp)
            known = [
                attrs.evolve(decode_header(header, ""), format=converted)
                for header in headers
            ]
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
            converted = next((summary.format for summary in summaries), None)
            self._found[found.path] = [*_stamp(status), headers, converted]

    def write(self) -> None:
        """Write the index, if that is worth it and there is a place for it."""
        is_worth_it = self._count >= FEWEST and self._found != self._known
        if not is_worth_it or self.path is None:
            return
        content = {
            "format": FORMAT,
            "directory": self.directory,
            "files": self._found,
        }
        with suppress(BackendError), os_errors_of(_SOURCE):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (
                open_folder(self.path.parent, _SOURCE) as cache,
                replacing(cache, self.path.name, _OWNER_ONLY) as file,
            ):
                file.write(write_json(content))
            _remove_old(self.path.parent)


def _entries(path: Path | None, directory: str) -> dict[str, object]:
    """Return the entries of an index file, if it is this user's and of a directory."""
    if path is None:
        return {}
    with open_folder(path.parent, _SOURCE) as cache, cache.open(path.name) as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid() or status.st_mode & _BY_OTHERS:
            return {}
        content = json.load(file)
    match content:
        case {"format": str(name), "directory": str(of), "files": dict(files)}:
            return files if (name, of) == (FORMAT, directory) else {}
    return {}


def _place(directory: str) -> Path | None:
    """Return the path of a directory's index; None: the user has no directory."""
    variable, usual = _CACHES.get(sys.platform, _CACHE)
    given = os.environ.get(variable, "")
    base = Path(given if os.path.isabs(given) else os.path.expanduser(usual))  # noqa: PTH111, PTH117 - a variable that may be wrong
    if not base.is_absolute():
        return None
    digest = blake2b(os.fsencode(directory), digest_size=16).hexdigest()
    return base / "chat-replay" / (digest + _SUFFIX)


def _remove_old(cache: Path) -> None:
    """Remove the indexes that were written longest ago, if there are many."""
    written = sorted(cache.glob("*" + _SUFFIX), key=lambda path: path.stat().st_mtime)
    for path in written[:-MOST]:
        path.unlink(missing_ok=True)


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _headers(
    entry: object, stamp: list[int]
) -> tuple[list[dict[str, object]], str | None]:
    """Return the headers in an entry, and the format that they were converted from.

    There are none if the entry is malformed, or its stamp differs.
    """
    match entry:
        case [*found, list(headers), str() | None as converted] if (
            len(entry) == _LENGTH and found == stamp and all(map(_is_header, headers))
        ):
            return headers, converted
    return [], None


def _is_header(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("session_id"), str)
