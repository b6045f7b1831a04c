"""A log read back: its lines, one after the other, with their exact bytes."""

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from replay.errors import DecodeError
from replay_plugins.audit_log.log_files import LogFiles

LONGEST_LINE: Final = 1 << 30  # bytes


def parts_of(files: LogFiles) -> list[Path]:
    """Return the files that hold a log's records, the oldest first.

    Raises:
        FileNotFoundError: There is none.
    """
    parts = files.parts() if files.current.parent.is_dir() else []
    if not parts or files.current.exists():
        parts.append(files.current)
    files.current.parent.stat()
    parts[0].stat()
    return parts


def lines_of(path: Path, longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield the lines of one file, each with the line feed that ends it.

    Args:
        path: A regular file; a link to one will do.
        longest: Bytes that a line may have.

    Raises:
        OSError: It cannot be read.
        DecodeError: It is no regular file, or has a longer line.
    """
    with _opened(path) as file:
        for line in iter(partial(file.readline, longest), b""):
            if len(line) == longest and not line.endswith(b"\n"):
                reason = f"a line of more than {longest} bytes"
                raise _unreadable(path, reason=reason)
            yield line


def records_of(files: LogFiles) -> Iterator[bytes]:
    """Yield the records of a log, as their lines without line feeds.

    A last line that is not ended is no record.

    Raises:
        OSError, DecodeError: As from :func:`lines_of`.
    """
    for part in parts_of(files):
        for line in lines_of(part):
            if line.endswith(b"\n"):
                yield line[:-1]


def read_text(path: Path) -> str:
    """Return what a small file holds: a note, a key, a proof.

    Raises:
        OSError: It cannot be read.
        DecodeError: It is no text in UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path, reason="not UTF-8 text") from error


def _opened(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb", buffering=1 << 20)
    os.close(descriptor)
    raise _unreadable(path, reason="no regular file")


def _unreadable(path: Path, *, reason: str) -> DecodeError:
    hint = "name an audit log, or what it wrote"
    return DecodeError(where="$", reason=reason, source=str(path), hint=hint)
