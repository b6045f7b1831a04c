"""The opener of a file that is read several times, and must not change meanwhile."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import BinaryIO, Final, NamedTuple

import attrs

from replay import Diagnostic, Session
from replay.authoring import KEPT_IN_MEMORY
from replay.errors import BackendError
from replay_backends.files.byte_streams import (
    beginning_of,
    converted,
    decompressed,
    guarded,
    is_compressed,
    whole_lines,
)
from replay_backends.files.event_stream import as_lines, is_event_stream
from replay_backends.files.nan_as_null import NaNAsNull
from replay_backends.files.read_options import ReadOptions
from replay_backends.formats.head import SIZE as HEAD_SIZE

_COMPARED: Final = 1 << 10  # bytes at each end of a file that has grown


@attrs.define(eq=False)
class StableOpener:
    """An opener that unpacks a file to JSON, and refuses it once it has changed.

    A file that is read piece by piece is compared each time. One that only grows is
    read as far as it went at first.

    Args:
        open_file: Opens it without decompressing it.
        source: Its name in messages.
        options: How it is read.
        is_part: Whether its writer may have been killed mid-line.
        may_grow: Whether somebody may write further lines to it.
    """

    _open_file: Callable[[], BinaryIO]
    _source: str
    _options: ReadOptions
    _is_part: bool = attrs.field(kw_only=True)
    _may_grow: bool = attrs.field(default=False, kw_only=True)
    _ends: bytes = attrs.field(default=b"", init=False)  # if it may grow
    _torn: int = attrs.field(default=0, init=False)  # bytes left out at its end
    _nulls: NaNAsNull = attrs.field(factory=NaNAsNull, init=False)
    _stamp: "_Stamp | tuple[()] | None" = attrs.field(default=None, init=False)
    _is_stream: bool = attrs.field(default=False, init=False)

    def __call__(self) -> BinaryIO:
        """Open the file at its beginning.

        Raises:
            BackendError: It cannot be opened, or has changed since the first time.
        """
        file = self._open_file()
        stamp = _stamp(file)
        is_packed = bool(stamp) and is_compressed(file)
        if self._stamp is None:
            self._stamp = stamp
            if self._may_grow and stamp and stamp.size > HEAD_SIZE and not is_packed:
                self._ends = _ends(file, stamp.size)
        elif not self._is_same(file):
            file.close()
            raise self._changed()
        if stamp and (stamp.size > KEPT_IN_MEMORY or is_packed):
            file = guarded(file, partial(self._unchanged, file))
        if self._stamp and self._ends:
            file = beginning_of(file, self._stamp.size)
        if self._is_part:
            file, self._torn = whole_lines(file)
        file = decompressed(file)
        with ExitStack() as undo:
            undo.callback(file.close)
            self._is_stream = is_event_stream(file)
            if self._is_stream:
                file = as_lines(file, self._options.limits.event_bytes)
            undo.pop_all()
        if self._options.nan:
            self._nulls = NaNAsNull()
            file = converted(file, self._nulls)
        return file

    def is_stream(self) -> bool:
        """Tell whether it held an event stream when it was last opened."""
        return self._is_stream

    @property
    def may_diagnose(self) -> bool:
        """Tell whether sessions may get a diagnostic because of how they were read."""
        return self._is_part or self._options.nan is not None

    def with_diagnostics(self, session: Session) -> Session:
        """Return a session with a diagnostic for what was changed to read its file."""
        found: list[Diagnostic] = []
        if self._torn:
            detail = f"{self._torn} bytes at the end aren't a complete line"
            found.append(Diagnostic("torn-line", None, detail))
        if self._nulls.count:
            detail = "its file holds NaN or Infinity, which JSON does not have"
            found.append(Diagnostic("nan-as-null", None, detail))
        if not found:
            return session
        return attrs.evolve(session, diagnostics=(*session.diagnostics, *found))

    @contextmanager
    def _unchanged(self, file: BinaryIO) -> Iterator[None]:
        """Refuse what is read within the block if the file has changed meanwhile."""
        yield
        if not self._is_same(file):
            raise self._changed()

    def _is_same(self, file: BinaryIO) -> bool:
        """Tell whether a file is as it was at first, or has only grown."""
        now, first = _stamp(file), self._stamp
        if now == first:
            return True
        if not (self._ends and now and first) or now.size <= first.size:
            return False
        is_it = (now.device, now.inode) == (first.device, first.inode)
        return is_it and _ends(file, first.size) == self._ends

    def _changed(self) -> BackendError:
        reason = "it has changed since it was first read"
        return BackendError(self._source, reason, hint="open it again")


class _Stamp(NamedTuple):
    device: int
    inode: int
    size: int
    modified: int  # in nanoseconds


def _ends(file: BinaryIO, size: int) -> bytes:
    """Return how a file begins, and how the first *size* bytes of it end."""
    at = file.tell()
    found = b""
    for start in (0, size - _COMPARED):
        file.seek(start)
        found += file.read(_COMPARED)
    file.seek(at)
    return found


def _stamp(file: BinaryIO) -> _Stamp | tuple[()]:
    try:
        status = os.fstat(file.fileno())
    except OSError:  # it isn't one of the system's files
        return ()
    return _Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
