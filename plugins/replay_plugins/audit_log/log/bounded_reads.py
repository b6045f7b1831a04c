"""Reads of files in bounded memory, however large or damaged they are."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from replay.errors import DecodeError

LONGEST_LINE: Final = 1 << 28  #: bytes, with the line feed
LARGEST_TEXT: Final = 1 << 20  #: bytes of a note or a key
_PIECE: Final = 1 << 20


def lines_in(
    file: BinaryIO, path: Path, longest: int = LONGEST_LINE
) -> Iterator[bytes]:
    """Yield the lines of a file, each with the line feed that ends it.

    A long line with a NUL, such as a hole that a crash left, is yielded without what is
    before its last NUL: no record and no opening has one.

    Args:
        file: The file, read from where it stands.
        path: Its name, for errors.
        longest: The maximum length of a line, in bytes.

    Raises:
        OSError: It cannot be read.
        DecodeError: It has a longer line.
    """
    size = min(_PIECE, longest + 1)
    for piece in iter(partial(file.readline, size), b""):
        if len(piece) < size:
            yield piece
            continue
        line = _long_line(piece, file, longest)
        if len(line) > longest:
            raise _too_large(path, reason=f"a line of more than {longest} bytes")
        yield line


def read_small(file: BinaryIO, path: Path, largest: int = LARGEST_TEXT) -> bytes:
    """Return all of a file, which may be a pipe.

    Args:
        file: The file, read from where it stands.
        path: Its name, for errors.
        largest: The maximum size of the file, in bytes.

    Raises:
        OSError: It cannot be read.
        DecodeError: It is larger.
    """
    is_larger = os.fstat(file.fileno()).st_size > largest
    data = b"" if is_larger else file.read(largest + 1)
    if is_larger or len(data) > largest:
        raise _too_large(path, reason=f"more than {largest} bytes")
    return data


def _long_line(begin: bytes, file: BinaryIO, longest: int) -> bytes:
    """Return the rest of a line after its last NUL, up to just beyond the longest."""
    line, piece = bytearray(), begin
    while piece:
        nul = piece.rfind(b"\0")
        if nul >= 0:
            line.clear()
        line += piece[max(nul, 0) :]
        if piece.endswith(b"\n") or len(line) > longest:
            break
        piece = file.readline(_PIECE)
    return bytes(line)


def _too_large(path: Path, *, reason: str) -> DecodeError:
    hint = "name a file that the plugin audit_log wrote"
    return DecodeError("", reason, str(path), hint)
