"""A file's bytes, decompressed where it is compressed, and no bomb goes off."""

import gzip
import io
import sys
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final

from replay.errors import DecodeError, LimitExceededError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
