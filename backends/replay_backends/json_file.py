"""One file of sessions, or standard input."""

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from replay import Portion, Session, SessionSummary, Stored
from replay.authoring import os_errors_of
from replay.errors import BackendError, SessionNotFoundError, UnsupportedError
from replay_backends.files.byte_streams import Spool
from replay_backends.files.file_access import (
    check_kind,
    is_pipe,
    is_zip_file,
    open_folder,
    open_named,
)
from replay_backends.files.file_portions import (
    FileKey,
    file_key,
    no_portion,
    portions_in,
    stored_in,
)
from replay_backends.files.nearby import files_beside
from replay_backends.files.read_options import FileReader
from replay_backends.files.session_file import (
    SessionFile,
    stem_of,
)
from replay_backends.files.session_index import find

_STANDARD_INPUT: Final = "standard input"
_PIPED: Final = {stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK}


@attrs.define(eq=False)
class JSONFileBackend(FileReader):
    """Sessions from a file: a document, a list of events, JSON Lines, an event stream.

    It may be packed with gzip or zstd. A file is reopened each time it is walked; a
    pipe and standard input are read to the end at once, and kept.

    Args:
        location: A path, or ``-`` for standard input.
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

    Raises:
        BackendError: It cannot be opened, or is neither a file nor a pipe.
    """

    location: str
    _path: Path = attrs.field(init=False)
    _source: str = attrs.field(init=False)  #: its name in messages
    _spool: Spool | None = attrs.field(init=False)  #: None: the file can be reopened
    _is_gone: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        if self.location == "-":
            self._source = _STANDARD_INPUT
            self._path = Path("stdin")
            self._spool = _spooled_input()
            return
        self._source = self.location
        with os_errors_of(self._source):
            self._path = Path.cwd() / self.location
        with open_named(self._path, self._source) as file:
            self._spool = Spool(file, self._source) if is_pipe(file) else None

    @staticmethod
    def claims(path: str) -> bool:
        """Tell whether this backend reads an existing path.

        Zip files belong to another one.
        """
        return not Path(path).is_dir() and not is_zip_file(path)

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield the header of each session, in the file's order."""
        return map(Session.summary, self.sessions())

    def session(self, session_id: str) -> Session:
        """Return the first session with that id."""
        if session := find(self.sessions(), session_id):
            return session
        raise SessionNotFoundError(self._source, f"there is no session {session_id!a}")

    def sessions(self) -> Iterator[Session]:
        """Yield every session, in the file's order."""
        return self._file().sessions()

    def portions(self) -> Iterator[Portion]:
        """Yield the file, or ranges of its lines if they are sessions."""
        file = self._shared_file()
        with file.open_file() as opened:
            key = FileKey.of(file.name, os.fstat(opened.fileno()))
        return portions_in(file, key)

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a portion, in the file's order."""
        file, key = self._shared_file(), file_key(portion, self._source)
        if key.path != file.name:
            raise no_portion(self._source, portion)
        return stored_in(file, key)

    def close(self) -> None:
        """Release the data kept from a pipe or standard input.

        A large session read from it keeps the data for as long as it needs it.
        """
        self._is_gone = self._is_gone or self._spool is not None
        self._spool = None

    def _file(self) -> SessionFile:
        if self._is_gone:
            raise BackendError(self._source, "it has been closed")
        name = self._path.name
        if self._spool:
            spooled = partial(self._spool.reader)
            return SessionFile(
                spooled, name, stem_of(name), self._source, self.read_options
            )
        return SessionFile(
            partial(open_named, self._path, self._source),
            name,
            stem_of(name),
            self._source,
            self.read_options,
            partial(_open_beside, self._path.parent),
            self._path.parent.name,
            partial(files_beside, self._path.parent, self.read_options),
        )

    def _shared_file(self) -> SessionFile:
        file = self._file()
        if self._spool:
            reason = "it can be read only once, so processes cannot share it"
            raise UnsupportedError(self._source, reason, hint="save it to a file first")
        return file


def _open_beside(folder: Path, name: str) -> BinaryIO:
    with open_folder(folder, str(folder)) as opened:
        return opened.open(name)


def _spooled_input() -> Spool:
    if sys.stdin is None:
        raise BackendError(_STANDARD_INPUT, "there is no standard input")
    stream = sys.stdin.buffer
    with suppress(io.UnsupportedOperation):  # a program may have replaced it
        mode = os.fstat(stream.fileno()).st_mode
        if not stream.isatty():
            check_kind(mode, _STANDARD_INPUT, _PIPED)
    return Spool(stream, _STANDARD_INPUT)
