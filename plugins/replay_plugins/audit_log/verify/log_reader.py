"""Readers of a log's lines, byte for byte."""

import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from replay.errors import DecodeError
from replay_plugins.audit_log.format.chain import (
    NO_PREVIOUS_HASH,
    SCHEMA,
    beginning,
)
from replay_plugins.audit_log.log.bounded_reads import (
    LARGEST_TEXT,
    LONGEST_LINE,
    lines_in,
    read_small,
)
from replay_plugins.audit_log.log.private_files import LogFiles


def files_and_lines(files: LogFiles) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name and lines of each of a log's files, oldest first.

    Lines written meanwhile are left out, so that a log can be read while it grows and
    is rotated. It fails as :func:`lines_of` does.
    """
    older, current = _snapshot(files)
    with current or nullcontext() as file:
        end = 0 if file is None else os.fstat(file.fileno()).st_size
        for path in older:
            yield path.name, lines_of(path)
        if file is not None:
            yield files.current.name, _lines_up_to(end, file, files.current)


def check_is_log(files: LogFiles) -> None:
    """Check that a file is an audit log, or what is left of one.

    Raises:
        OSError: It cannot be read.
        DecodeError: It is another file: it has lines, but none is of a record, and
            there is nothing of a log beside it.
    """
    beside = (files.checkpoint, files.openings, files.salt)
    if any(each.exists() for each in beside):
        return
    first = beginning(0, NO_PREVIOUS_HASH)
    is_empty = True
    for _, lines in files_and_lines(files):
        for line in lines:
            if SCHEMA.encode() in line or first.startswith(line):
                return
            is_empty = False
    if not is_empty:
        raise _unreadable(files.current, reason="it isn't an audit log")


def lines_of(path: Path, longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield the lines of one file, each with the line feed that ends it.

    Args:
        path: A regular file; a link to one will do.
        longest: The maximum length of a line, in bytes.

    Raises:
        OSError: It cannot be read.
        DecodeError: It isn't a regular file, or has a longer line.
    """
    with _opened(path) as file:
        yield from lines_in(file, path, longest)


def records_of(files: LogFiles) -> Iterator[bytes]:
    """Yield the records of a log, as their lines without line feeds.

    A last line without an end is left out. It fails as :func:`lines_of` does.
    """
    for _, lines in files_and_lines(files):
        for line in lines:
            if line.endswith(b"\n"):
                yield line[:-1]


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """Return the text of a small file: a note, a key, a proof.

    Args:
        path: The file, which may be a pipe.
        largest: The maximum size of the file, in bytes.

    Raises:
        OSError: It cannot be read.
        DecodeError: It is larger, or isn't UTF-8.
    """
    with path.open("rb") as file:
        data = read_small(file, path, largest)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path, reason="not UTF-8 text") from error


def _snapshot(files: LogFiles) -> tuple[list[Path], BinaryIO | None]:
    """Return a consistent view of the older files, and the newest one, opened.

    Raises:
        FileNotFoundError: There are no files.
    """
    files.current.parent.stat()
    while True:
        older = files.parts()
        missing: FileNotFoundError | None = None
        current = None
        try:
            current = _opened(files.current)
        except FileNotFoundError as error:
            missing = error
        if files.parts() != older:  # it was rotated away meanwhile
            if current is not None:
                current.close()
        elif missing is None or older:
            return older, current
        else:
            raise missing


def _lines_up_to(end: int, file: BinaryIO, path: Path) -> Iterator[bytes]:
    for line in lines_in(file, path):
        end -= len(line)
        if end < 0:
            return
        yield line


def _opened(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb", buffering=1 << 20)
    is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    os.close(descriptor)
    kind = "a directory" if is_directory else "not a regular file"
    raise _unreadable(path, reason=f"it is {kind}")


def _unreadable(path: Path, *, reason: str) -> DecodeError:
    hint = "name a file that the plugin audit_log wrote"
    return DecodeError(where="", reason=reason, source=str(path), hint=hint)
