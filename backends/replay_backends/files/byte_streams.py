"""A file's bytes, decompressed where it is compressed, and no bomb goes off."""

import gzip
import io
import os
import shutil
import sys
import threading
import zlib
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from weakref import finalize

from replay.errors import BackendError, DecodeError, LimitExceededError, os_errors_of
from replay.security.files import temporary_file

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
            self._file = undo.enter_context(temporary_file())
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


_BLOCK: Final = 1 << 16  # bytes looked at in one go, from the end


def whole_lines(file: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the lines of *file* that are whole, and how many bytes are left out.

    Args:
        file: At its beginning, and seekable; it is read while the lines are.
    """
    size = file.seek(0, os.SEEK_END)
    end = _end_of_last_line(file, size)
    return io.BufferedReader(_Beginning(file, end)), size - end


def _end_of_last_line(file: BinaryIO, size: int) -> int:
    while size:
        start = max(0, size - _BLOCK)
        file.seek(start)
        found = file.read(size - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


class _Beginning(io.RawIOBase):
    """The first *size* bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._offset = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()

    def tell(self) -> int:
        return self._offset

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}
        self._offset = start[whence] + offset
        return self._offset

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view:
            self._file.seek(self._offset)
            data = self._file.read(max(0, min(len(view), self._size - self._offset)))
            view[: len(data)] = data
        self._offset += len(data)
        return len(data)


_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_MODULE: Final = (
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
HIGHEST_RATIO: Final = 1000  #: how many times their size data may grow to
UNCHECKED: Final = 1 << 20  #: decoded bytes before which the ratio says nothing
_BUFFER: Final = 1 << 17


def decompressed(file: BinaryIO) -> BinaryIO:
    """Return *file* itself, or what it holds where that is gzip or zstd data.

    Args:
        file: At its beginning, and seekable. What it is, its first bytes say.

    Raises:
        DecodeError: While it is read: the data are cut short or corrupt.
        LimitExceededError: While it is read: the data grow to more than 1,000 times
            their size.
    """
    magic = _magic(file)
    if magic.startswith(_GZIP):
        stream = gzip.GzipFile(fileobj=file, mode="rb")
        checked = _Checked(file, stream, "gzip data", (zlib.error, gzip.BadGzipFile))
        return io.BufferedReader(checked, _BUFFER)
    if magic == _ZSTD:
        zstd = import_module(_ZSTD_MODULE)
        checked = _Checked(file, zstd.ZstdFile(file), "zstd data", (zstd.ZstdError,))
        return io.BufferedReader(checked, _BUFFER)
    return file


def is_compressed(file: BinaryIO) -> bool:
    """Tell whether :func:`decompressed` would unpack a file."""
    return _magic(file).startswith((_GZIP, _ZSTD))


def _magic(file: BinaryIO) -> bytes:
    """Return the first bytes of a file, which stays at its beginning."""
    magic = file.read(len(_ZSTD))
    file.seek(0)
    return magic


class _Checked(io.RawIOBase):
    """A decompressing stream whose faults are errors of this library."""

    def __init__(
        self,
        compressed: BinaryIO,
        stream: io.BufferedIOBase,
        name: str,
        faults: tuple[type[Exception], ...],
    ) -> None:
        self._compressed = compressed
        self._stream = stream
        self._name = name
        self._faults = faults
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        try:
            count = self._stream.readinto(buffer)
        except EOFError as error:
            reason = "cut short"
            raise DecodeError(self._name, reason) from error
        except self._faults as error:
            raise DecodeError(self._name, f"corrupt: {error}") from error
        self._size += count
        self._check_ratio()
        return count

    def close(self) -> None:
        """Close what is unpacked, too."""
        self._stream.close()
        self._compressed.close()
        super().close()

    def _check_ratio(self) -> None:
        most = max(UNCHECKED, self._compressed.tell() * HIGHEST_RATIO)
        if self._size > most:
            reason = f"grow to more than {HIGHEST_RATIO} times their size"
            hint = "if you trust them, unpack them first"
            raise LimitExceededError(self._name, reason, hint=hint)
