"""Which members of a zip file are read, and why others are not."""

import lzma
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PureWindowsPath
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipInfo

from replay.errors import BackendError, DecodeError, LimitExceededError, ReplayError
from replay.os_errors import os_failure
from replay_backends.decompression import HIGHEST_RATIO, UNCHECKED, is_compressed

WHERE: Final = "zip data"
_REPACK: Final = "unpack it first, or pack it anew"
_ENCRYPTED: Final = 0x1
#: What zipfile unpacks piece by piece. A few bytes of bzip2 are gigabytes in one go.
_PACKINGS: Final = (ZIP_STORED, ZIP_DEFLATED)
_OF_PACKED: Final = 10  # times its size that packed data may grow to
_FAULTS: Final = (
    BadZipFile,
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    zlib.error,
)


@contextmanager
def zip_errors_of(source: str) -> Iterator[None]:
    """Turn what is wrong with a zip file within the block into an error of ours."""
    try:
        yield
    except ReplayError:
        raise
    except _FAULTS as error:
        if isinstance(error.__context__, ReplayError):  # it could not even be read
            raise error.__context__ from None
        reason = f"cut short or corrupt: {error or type(error).__name__}"
        raise DecodeError(WHERE, reason, source) from error
    except OSError as error:
        raise os_failure(source, error) from error


def check_member(info: ZipInfo, source: str) -> None:
    """Refuse a member that is no file which can be read safely.

    Args:
        info: What the archive says of it.
        source: What messages call it.

    Raises:
        BackendError: It is encrypted or a link, or its name leads elsewhere, or it is
            packed with anything but deflate.
        LimitExceededError: It would grow to more than 1,000 times its size.
    """
    if not is_safe_name(info.filename):
        raise BackendError(source, "its name leads out of the zip file", _REPACK)
    if info.flag_bits & _ENCRYPTED:
        raise BackendError(source, "it is encrypted", _REPACK)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BackendError(source, "it is a symbolic link", _REPACK)
    if info.compress_type not in _PACKINGS:
        raise BackendError(source, "it is packed, but not with deflate", _REPACK)
    if info.file_size > max(UNCHECKED, info.compress_size * HIGHEST_RATIO):
        reason = f"grow to more than {HIGHEST_RATIO} times their size"
        hint = "if you trust them, unpack them first"
        raise LimitExceededError(WHERE, reason, source, hint)


def check_contents(
    info: ZipInfo, open_file: Callable[[], BinaryIO], source: str
) -> None:
    """Refuse what is packed twice over, each time to much less than it was.

    Data of gzip or zstd hardly shrink again: who makes them do so makes a bomb.

    Args:
        info: What the archive says of the member.
        open_file: Opens it.
        source: What messages call it.

    Raises:
        LimitExceededError: It is packed so.
    """
    if info.file_size > max(UNCHECKED, info.compress_size * _OF_PACKED):
        with open_file() as file:
            if is_compressed(file):
                reason = f"hold packed data that grow to {_OF_PACKED} times their size"
                raise LimitExceededError(WHERE, reason, source, _REPACK)


def is_safe_name(name: str) -> bool:
    """Tell whether a member's name stays within its zip file, on any system."""
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and not any(
        PureWindowsPath(part).name != part for part in parts
    )
