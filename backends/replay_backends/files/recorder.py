"""A recorder of live turns, which writes events as they arrive: a kill loses nothing.

Until the turn ends, its file is called ``*.jsonl.part`` and begins with the content of
the session's earlier file, so that it can replace that file in one step.
"""

import errno
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from replay import Event, Limits, UserInput
from replay.authoring import (
    file_name,
    os_errors_of,
    session_id_of,
    whole_file,
    write_json,
)
from replay.errors import BackendError
from replay_backends.files.directory_scan import scan
from replay_backends.files.file_access import Folder, open_folder
from replay_backends.files.read_options import ReadOptions
from replay_backends.files.session_file import PART, SUFFIXES, SessionFile, stem_of


@contextmanager
def replacing(folder: Folder, name: str, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a file in a directory for writing, whole or not at all.

    Its permissions are *mode*, less the process's umask.

    Raises:
        BackendError: It cannot be written.
    """
    place, directory = folder.place(name)
    with (
        os_errors_of(folder.source_of(name)),
        whole_file(place, directory=directory, mode=mode) as file,
    ):
        yield file


_APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_READ_OPTIONS: Final = ReadOptions(strict=False, limits=Limits())
_WHOLE: Final = ".jsonl"
ARRIVALS: Final = ".arrivals"  #: the suffix of the times of a recording's events


def check_not_live(folder: Folder, stem: str) -> None:
    """Refuse to write a whole session beside a live recording of it.

    Args:
        folder: The directory.
        stem: The names of the session's files, without a suffix.

    Raises:
        BackendError: There is such a recording, whether or not its turn has ended.
    """
    is_whole = folder.has(stem + _WHOLE) and folder.has(stem + ARRIVALS)
    if not is_whole and not folder.has(stem + PART):
        return
    source = folder.source_of(stem + (_WHOLE if is_whole else PART))
    reason = "this is a live recording of the session"
    raise BackendError(source, reason, "write into another directory")


class TurnRecorder:
    """A recorder of a turn of a session into a directory of fixtures.

    Args:
        directory: The directory; it is created if missing.
        session_id: The session's id.
        user_input: The turn's first event.

    Raises:
        BackendError: It cannot be written there, another recording of this session is
            under way, or the directory has the session in another form.
    """

    def __init__(self, directory: str, session_id: str, user_input: UserInput) -> None:
        self._stem = _stem_for(session_id, directory)
        self._source = f"{directory.rstrip('/')}/{self._stem}{PART}"
        with ExitStack() as undo:
            with os_errors_of(directory):
                path = Path.cwd() / directory
                path.mkdir(parents=True, exist_ok=True)
            self._folder = undo.enter_context(open_folder(path, directory))
            with os_errors_of(self._source), _locked(self._folder):
                self._begin(user_input, undo)
            self._undo = undo.pop_all()

    def add(self, event: Event, arrived: float | None) -> None:
        """Record an event and the seconds until it arrived; None: it didn't.

        Raises:
            BackendError: It cannot be written; no part of it stays in the file.
        """
        files = (self._part, self._arrivals)
        with os_errors_of(self._source):
            sizes = [os.fstat(file).st_size for file in files]
            try:
                _append(self._part, _line(event))
                _append(self._arrivals, _arrival(arrived))
            except OSError:
                for file, size in zip(files, sizes, strict=True):
                    os.ftruncate(file, size)
                raise

    def publish(self) -> None:
        """Give the file its final name, because the turn has ended.

        Raises:
            BackendError: It cannot be renamed; the part file holds all of it.
        """
        with self._undo, os_errors_of(self._source):
            self._complete()

    def discard(self) -> None:
        """Discard the turn, because its prompt was refused."""
        with self._undo, os_errors_of(self._source):
            os.ftruncate(self._arrivals, self._arrivals_before)
            self._remove(PART)
            if not self._arrivals_before:
                self._remove(ARRIVALS)

    def _begin(self, user_input: UserInput, undo: ExitStack) -> None:
        self._adopt_leftover()
        before = self._earlier()
        arrivals = self._earlier_arrivals(before.count(b"\n"))
        self._part = self._started(PART, before + _line(user_input), undo)
        fcntl.flock(self._part, fcntl.LOCK_EX)
        self._arrivals = self._started(ARRIVALS, arrivals + _arrival(0.0), undo)
        self._arrivals_before = len(arrivals)

    def _adopt_leftover(self) -> None:
        """Complete the file that a killed recorder left."""
        if not self._folder.has(self._stem + PART):
            return
        with ExitStack() as undo:
            part = self._opened(PART, undo)
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                reason = "another recording of this session is under way"
                raise BackendError(self._source, reason) from None
            lines, earlier = self._content(PART), self._content(_WHOLE)
            end = lines.rfind(b"\n") + 1
            if not lines.startswith(earlier) or not end:
                reason = f"it doesn't continue {self._stem}{_WHOLE}"
                raise BackendError(self._source, reason, "move it away")
            os.ftruncate(part, end)
            self._complete()

    def _earlier(self) -> bytes:
        """Return the lines of the session's earlier turns."""
        for found in scan(self._folder, self._is_other_form):
            reason = f"the session is in {found.path} already"
            if found.is_directory:
                reason = f"the session may be in {found.path}, which cannot be read"
            raise BackendError(self._source, reason, "record into another directory")
        name = self._stem + _WHOLE
        if not self._folder.has(name):
            return b""
        lines, source = self._content(_WHOLE), self._folder.source_of(name)
        file = SessionFile(partial(io.BytesIO, lines), name, "", source, _READ_OPTIONS)
        if next(file.sessions()).shape != "lines":
            reason = "it holds whole sessions, not events"
            raise BackendError(source, reason, "record into another directory")
        return lines if lines.endswith(b"\n") else lines + b"\n"

    def _is_other_form(self, name: str) -> bool:
        """Tell whether a file that isn't ours holds the session, going by its name."""
        is_ours = name in (self._stem + _WHOLE, self._stem + PART)
        is_it = session_id_of(stem_of(name)) == session_id_of(self._stem)
        return is_it and not is_ours and name.lower().endswith(SUFFIXES)

    def _content(self, suffix: str) -> bytes:
        """Return the content of a file of the session; empty if there is none."""
        if not self._folder.has(self._stem + suffix):
            return b""
        with self._folder.open(self._stem + suffix) as file:
            return file.read()

    def _earlier_arrivals(self, count: int) -> bytes:
        """Return *count* lines of arrival times, with null for unknown ones."""
        found = self._content(ARRIVALS).splitlines(keepends=True)
        lines = [line for line in found if line.endswith(b"\n")][:count]
        return b"".join(lines) + _arrival(None) * (count - len(lines))

    def _started(self, suffix: str, data: bytes, undo: ExitStack) -> int:
        with replacing(self._folder, self._stem + suffix) as file:
            file.write(data)
        return self._opened(suffix, undo)

    def _opened(self, suffix: str, undo: ExitStack) -> int:
        place, directory = self._folder.place(self._stem + suffix)
        descriptor = os.open(place, _APPEND, dir_fd=directory)
        undo.callback(os.close, descriptor)
        return descriptor

    def _complete(self) -> None:
        part, directory = self._folder.place(self._stem + PART)
        whole, _ = self._folder.place(self._stem + _WHOLE)
        os.replace(part, whole, src_dir_fd=directory, dst_dir_fd=directory)

    def _remove(self, suffix: str) -> None:
        place, directory = self._folder.place(self._stem + suffix)
        os.unlink(place, dir_fd=directory)


def _stem_for(session_id: str, directory: str) -> str:
    stem = file_name(session_id)
    if session_id_of(stem) != session_id:
        reason = "the session id is too long for a file name"
        raise BackendError(directory, reason)
    return stem


def _line(event: Event) -> bytes:
    return write_json(event.as_object()) + b"\n"


def _arrival(seconds: float | None) -> bytes:
    return write_json(None if seconds is None else round(seconds, 6)) + b"\n"


def _append(descriptor: int, data: bytes) -> None:
    """Write *data* with one call, so that a kill can only cut off its end."""
    if os.write(descriptor, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    """Keep others from beginning a recording in a directory within the block."""
    if folder.descriptor is None:
        yield
        return
    fcntl.flock(folder.descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(folder.descriptor, fcntl.LOCK_UN)
