"""What can be read only once, kept so that it can be read again."""

import io
import shutil
import threading
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast
from weakref import finalize

from replay.errors import BackendError
from replay.os_errors import os_errors_of
from replay.temporary_files import may_use_disk

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Spool:
    """All of a stream, in a temporary file that bears no name, or in memory."""

    def __init__(self, stream: BinaryIO, source: str) -> None:
        """Read *stream* to its end.

        Args:
            stream: What to read; it is not closed.
            source: What messages call it.

        Raises:
            BackendError: It cannot be read, or not be kept.
        """
        self._source = source
        self._lock = threading.Lock()
        with os_errors_of(source), ExitStack() as undo:
            self._file = undo.enter_context(_empty_file())
            shutil.copyfileobj(stream, self._file)
            undo.pop_all()
        finalize(self, self._file.close)

    def reader(self) -> BinaryIO:
        """Return a reader at the beginning, apart from all other readers."""
        return io.BufferedReader(_Reader(self))

    def read_at(self, offset: int, buffer: "WriteableBuffer") -> int:
        """Read into *buffer* from *offset*; return how many bytes there were.

        Raises:
            BackendError: The spool is closed.
        """
        with self._lock:
            if self._file.closed:
                raise BackendError(self._source, "it has been closed")
            self._file.seek(offset)
            return cast("io.BytesIO", self._file).readinto(buffer)

    def __reduce__(self) -> tuple[object, ...]:
        with self.reader() as reader:
            return _restored, (reader.read(), self._source)

    def close(self) -> None:
        """Forget everything, also for those who still read."""
        self._file.close()


def _empty_file() -> BinaryIO:
    return cast("BinaryIO", TemporaryFile()) if may_use_disk() else io.BytesIO()


def _restored(data: bytes, source: str) -> Spool:
    return Spool(io.BytesIO(data), source)


class _Reader(io.RawIOBase):
    """A place in a spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._offset = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._offset

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._offset = offset + (self._offset if whence == io.SEEK_CUR else 0)
        return self._offset

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        count = self._spool.read_at(self._offset, buffer)
        self._offset += count
        return count
