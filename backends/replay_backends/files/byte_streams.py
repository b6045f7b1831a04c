"""Byte streams: decompressed, cut off after the last line, or spooled for rereading."""

import gzip
import io
import os
import shutil
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from weakref import finalize

from replay.authoring import os_errors_of, temporary_file
from replay.errors import BackendError, DecodeError, LimitExceededError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_MODULE: Final = (
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
HIGHEST_RATIO: Final = 1000  #: highest ratio of unpacked to packed size
UNCHECKED: Final = 1 << 20  #: unpacked bytes up to which any ratio is allowed
_BUFFER: Final = 1 << 17
_BLOCK: Final = 1 << 16  # bytes read at once


def decompressed(file: BinaryIO) -> BinaryIO:
    """Return *file*, decompressed if it holds gzip or zstd data.

    Args:
        file: At its beginning, and seekable. Its first bytes tell its format.

    Raises:
        DecodeError: While it is read: the data is cut short or corrupt.
        LimitExceededError: While it is read: it grows more than a thousandfold.
    """
    magic = _magic(file)
    if magic.startswith(_GZIP):
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
        return _checked(file, stream, "gzip data", zlib.error, gzip.BadGzipFile)
    if magic == _ZSTD:
        zstd = import_module(_ZSTD_MODULE)
        return _checked(file, zstd.ZstdFile(file), "zstd data", zstd.ZstdError)
    return file


def is_compressed(file: BinaryIO) -> bool:
    """Tell whether :func:`decompressed` would unpack a file."""
    return _magic(file).startswith((_GZIP, _ZSTD))


def _magic(file: BinaryIO) -> bytes:
    """Return the first bytes of a file, and rewind it."""
    magic = file.read(len(_ZSTD))
    file.seek(0)
    return magic


def _checked(
    packed: BinaryIO, stream: BinaryIO, name: str, *faults: type[Exception]
) -> BinaryIO:
    """Return a decompressing stream that refuses corrupt data and bombs."""

    @contextmanager
    def errors() -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            raise DecodeError(name, "cut short") from error
        except faults as error:
            raise DecodeError(name, f"corrupt: {error}") from error
        if stream.tell() > max(UNCHECKED, packed.tell() * HIGHEST_RATIO):
            reason = f"grow to more than {HIGHEST_RATIO} times their size"
            hint = "if you trust them, unpack them first"
            raise LimitExceededError(name, reason, hint=hint)

    return guarded(stream, errors, packed)


def guarded(
    stream: BinaryIO,
    errors: Callable[[], AbstractContextManager[None]],
    *below: BinaryIO,
) -> BinaryIO:
    """Return a stream with its errors turned into ours.

    Args:
        stream: The stream to read; closing the result closes it.
        errors: Returns a context manager that turns the stream's errors into ours.
        below: Other streams to close with it.
    """
    return io.BufferedReader(_Guarded(stream, errors, below), _BUFFER)


class _Guarded(io.RawIOBase):
    """A stream that raises only this library's errors."""

    def __init__(
        self,
        stream: BinaryIO,
        errors: Callable[[], AbstractContextManager[None]],
        below: tuple[BinaryIO, ...],
    ) -> None:
        self._stream = stream
        self._errors = errors
        self._below = below

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with self._errors():
            return self._stream.seek(offset, whence)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view, self._errors():
            data = self._stream.read(len(view))
            view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream, too."""
        for each in (self._stream, *self._below):
            each.close()
        super().close()


def converted(file: BinaryIO, convert: Callable[[bytes], bytes]) -> BinaryIO:
    """Return a stream, read from its beginning, with its blocks converted.

    Args:
        file: The stream to read; closing the result closes it.
        convert: Called with each block in turn, and at the end with no bytes.
    """
    return io.BufferedReader(_Converted(file, convert), _BUFFER)


class _Converted(io.RawIOBase):
    """A stream of converted blocks."""

    def __init__(self, file: BinaryIO, convert: Callable[[bytes], bytes]) -> None:
        self._file = file
        self._convert = convert
        self._waiting = b""
        self._is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not (self._waiting or self._is_at_end):
            block = self._file.read(_BLOCK)
            self._is_at_end = not block
            self._waiting = self._convert(block)
        with memoryview(buffer) as view:
            data = self._waiting[: len(view)]
            view[: len(data)] = data
        self._waiting = self._waiting[len(data) :]
        return len(data)

    def close(self) -> None:
        """Close the stream, too."""
        self._file.close()
        super().close()


def whole_lines(file: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the complete lines of *file*, and the number of bytes left out.

    Args:
        file: At its beginning, and seekable; it is read as the lines are read.
    """
    size = file.seek(0, os.SEEK_END)
    end = _end_of_last_line(file, size)
    return beginning_of(file, end), size - end


def beginning_of(file: BinaryIO, size: int) -> BinaryIO:
    """Return the first *size* bytes of a seekable file, which is closed with them."""
    reader = _Reader(partial(_read_at, file), size, file)
    return io.BufferedReader(reader, _BUFFER)


def _end_of_last_line(file: BinaryIO, size: int) -> int:
    while size:
        start = max(0, size - _BLOCK)
        found = _read_at(file, start, size - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


def _read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


class Spool:
    """A stream's whole content, in an unnamed temporary file or in memory."""

    def __init__(self, stream: BinaryIO, source: str) -> None:
        """Read *stream* to its end.

        Args:
            stream: The stream to read; it isn't closed.
            source: Its name in messages.

        Raises:
            BackendError: It cannot be read or stored.
        """
        self._source = source
        self._lock = threading.Lock()
        with os_errors_of(source), ExitStack() as undo:
            self._file = undo.enter_context(temporary_file())
            shutil.copyfileobj(stream, self._file)
            self._size = self._file.tell()
            undo.pop_all()
        finalize(self, self._file.close)

    def reader(self) -> BinaryIO:
        """Return a reader at the beginning, independent of all others."""
        return io.BufferedReader(_Reader(self._read_at, self._size))

    def close(self) -> None:
        """Discard the content, also for readers still in use."""
        self._file.close()

    def _read_at(self, offset: int, count: int) -> bytes:
        with self._lock:
            if self._file.closed:
                raise BackendError(self._source, "it has been closed")
            return _read_at(self._file, offset, count)

    def __reduce__(self) -> tuple[object, ...]:
        with self.reader() as reader:
            return _restored, (reader.read(), self._source)


def _restored(data: bytes, source: str) -> Spool:
    return Spool(io.BytesIO(data), source)


class _Reader(io.RawIOBase):
    """A reader of the first *size* bytes of a file, with a position of its own."""

    def __init__(
        self,
        read_at: Callable[[int, int], bytes],
        size: int,
        below: BinaryIO | None = None,
    ) -> None:
        self._read_at = read_at
        self._size = size
        self._below = below
        self._offset = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Close the file, too, unless others read it."""
        if self._below:
            self._below.close()
        super().close()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}
        self._offset = start[whence] + offset
        return self._offset

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view:
            left = max(0, self._size - self._offset)
            data = self._read_at(self._offset, min(len(view), left))
            view[: len(data)] = data
        self._offset += len(data)
        return len(data)
