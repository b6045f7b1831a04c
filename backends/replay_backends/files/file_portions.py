"""Portions of a file of sessions: ranges of lines, and the sessions stored in each."""

import io
import os
import re
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from itertools import islice, takewhile
from typing import BinaryIO, Final

import attrs

from replay.codec.checks import Checks
from replay.codec.documents import (
    Line,
    Reader,
    check_length,
    is_document,
    lines_of_any_length,
    parse_line,
    pass_over_rest,
)
from replay.codec.json_scan import BLANKS, MARK
from replay.codec.stored_history import KEPT, SourceText
from replay.errors import BackendError, DecodeError, os_errors_of
from replay.model.sessions import Session
from replay.sources.protocols import DIGEST_SIZE, Portion, Stored
from replay_backends.files.byte_streams import is_compressed
from replay_backends.files.session_file import SessionFile, marked_torn

_RANGE_SIZE: Final = 4 << 20
_PIECE: Final = 1 << 20  # bytes that are hashed, or looked at, in one go
_TRIES: Final = 100  # lines of a broken text that are looked at
_BLANK_BEGINNINGS: Final = (b" ", b"\t", b"\r", b"\n", b"\xef")
_MAY_BE_BLANK: Final = re.compile(rb"\n[ \t\r\n\xef]")
#: A line that :mod:`replay.codec.documents` takes for a blank one, with the end
#: before it.
_BLANK: Final = re.compile(rb"\n(?:\xef\xbb\xbf)?[ \t\r]*+(?=\n)")


@attrs.frozen
class LineRange:
    """Some lines that follow each other in a text."""

    start: int  #: where the first begins, in bytes from the text's beginning
    end: int  #: where the last ends
    lines_before: int = 0
    filled_before: int = 0  #: of these, the lines that are not blank


@attrs.frozen
class FileKey:
    """A file as it was listed, or some of its lines."""

    path: str
    size: int  #: in bytes
    modified: int  #: when, in nanoseconds, as the system says
    lines: LineRange | None = None  #: None: the whole file

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FileKey":
        """Return the key of a whole file."""
        return cls(path, status.st_size, status.st_mtime_ns)

    def portion(self, sessions: int = 1) -> Portion:
        """Return the portion that the key is found in.

        Args:
            sessions: About how many sessions it is.
        """
        whole = self.path, self.size, self.modified
        if self.lines is None:
            return Portion(whole, self.size, sessions)
        lines = attrs.astuple(self.lines)
        return Portion((*whole, *lines), self.lines.end - self.lines.start, sessions)


def file_key(portion: Portion, source: str) -> FileKey:
    """Return a portion's key; whether its path is safe is for the caller to check.

    Args:
        portion: It may have been made by anyone.
        source: What messages call its source.

    Raises:
        BackendError: It is not of a file.
    """
    match portion.key:
        case (str(path), int(size), int(modified)):
            return FileKey(path, size, modified)
        case (
            str(path),
            int(size),
            int(modified),
            int(start),
            int(end),
            int(lines),
            int(filled),
        ) if 0 <= start <= end <= size and 0 <= filled <= lines:
            span = LineRange(start, end, lines, filled)
            return FileKey(path, size, modified, span)
    raise no_portion(source, portion)


def no_portion(source: str, portion: Portion) -> BackendError:
    """Return the error that says that a source has no such portion."""
    return BackendError(source, f"it has no portion {portion.key!a}")


def portions_in(file: SessionFile, key: FileKey) -> Iterator[Portion]:
    """Yield the portions of a file: ranges of lines, or all of it.

    It is cut if its lines are sessions, which is found out by reading it once. What is
    compressed, and a recording that may be under way, is not cut.

    Args:
        file: What to cut.
        key: The file as it was listed.

    Raises:
        BackendError: It cannot be read to its end.
    """
    listed = _as_listed(file, key)
    if not _can_be_cut(listed):
        yield key.portion()
        return
    with os_errors_of(file.source), listed.open_file() as opened:
        for lines, filled in line_ranges(opened, file.reading.limits.event_bytes):
            if filled:
                yield attrs.evolve(key, lines=lines).portion(filled)


def stored_in(file: SessionFile, key: FileKey) -> Iterator[Stored]:
    """Yield the sessions of a portion.

    If lines are sessions, a digest is that of a line, unpacked, without its end; of a
    line that is too long, that of its beginning. Elsewhere it is that of the file's
    bytes as they are.

    Args:
        file: What the portion is of.
        key: What the portion is found by.

    Raises:
        BackendError: The file cannot be read, or is not as it was listed.
        DecodeError: It is packed, and what comes next is corrupt.
    """
    listed = _as_listed(file, key)
    if key.lines:
        yield from _stored_lines(listed, key.lines)
        return
    if key.size <= KEPT:
        with os_errors_of(file.source), listed.open_file() as opened:
            listed = attrs.evolve(file, open_file=partial(io.BytesIO, opened.read()))
    yield from stored_in_all(listed)


def stored_in_all(file: SessionFile) -> Iterator[Stored]:
    """Yield the sessions of a whole file, wherever it is, as :func:`stored_in` does.

    Raises:
        BackendError: The file cannot be read.
        DecodeError: It is packed, and what comes next is corrupt.
    """
    if holds_session_lines(file):
        yield from _stored_lines(file, None)
        return
    hashing = blake2b(digest_size=DIGEST_SIZE)
    with os_errors_of(file.source), file.open_file() as opened:
        for block in iter(partial(opened.read, _PIECE), b""):
            hashing.update(block)
    yield Stored(file.session_id, hashing.digest(), partial(_only, file))


def _only(file: SessionFile) -> Session:
    return next(file.sessions())


def _as_listed(file: SessionFile, key: FileKey) -> SessionFile:
    """Return a file that is refused if it is not as it was listed."""
    return attrs.evolve(file, open_file=partial(_open_as_listed, file, key))


def _open_as_listed(file: SessionFile, key: FileKey) -> BinaryIO:
    opened = file.open_file()
    found = FileKey.of(key.path, os.fstat(opened.fileno()))
    if (found.size, found.modified) != (key.size, key.modified):
        opened.close()
        reason = "it has changed since it was listed"
        raise BackendError(file.source, reason, hint="list it again")
    return opened


def _can_be_cut(file: SessionFile) -> bool:
    if file.says_part:
        return False
    try:
        with os_errors_of(file.source), file.open_file() as opened:
            is_packed = is_compressed(opened)
        return not is_packed and holds_session_lines(file)
    except BackendError:  # which is raised again when it is read
        return False


def line_ranges(
    file: BinaryIO, longest: int, size: int = _RANGE_SIZE
) -> Iterator[tuple[LineRange, int]]:
    """Yield ranges that are together all lines of a file, in order.

    Args:
        file: At its beginning. It is read once.
        longest: How long a line may be, in bytes; of a longer one, the rest is only
            passed over.
        size: In how many bytes from a range's beginning its last line begins.

    Yields:
        The range, and how many of its lines are not blank.
    """
    start = lines = filled = 0
    for block in iter(partial(file.read, size), b""):
        text = block if block.endswith(b"\n") else block + file.readline(longest)
        end = start + len(text)
        if not text.endswith(b"\n"):
            end += pass_over_rest(file)
        line_count, filled_count = _counts(text)
        yield LineRange(start, end, lines, filled), filled_count
        start, lines, filled = end, lines + line_count, filled + filled_count


def _counts(text: bytes) -> tuple[int, int]:
    """Return how many lines a text has, and how many of them are not blank."""
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    if text[:1] not in _BLANK_BEGINNINGS and not _MAY_BE_BLANK.search(text):
        return count, count
    ended = b"\n" + text + (b"" if text.endswith(b"\n") else b"\n")
    return count, count - len(_BLANK.findall(ended))


def holds_session_lines(file: SessionFile) -> bool:
    """Tell whether ``read_sessions`` takes each line of a file for a session.

    If it would fail, since the first line isn't JSON, the first line that is decides:
    the others may be read all the same.

    Raises:
        BackendError: The file cannot be read.
    """
    text = SourceText(file.unchanged(), file.source)
    longest = file.reading.limits.event_bytes
    try:
        with text.opened() as opened:
            if not (file.says_lines or _is_object_before_others(opened, longest)):
                return False
        with text.opened() as opened:
            tries = islice(lines_of_any_length(opened, longest), _TRIES)
            found = (_is_session(line, longest) for line in tries)
            return next((each for each in found if each is not None), False)
    except DecodeError:  # what is compressed is corrupt
        return False


def _is_session(line: Line, longest: int) -> bool | None:
    """Tell whether a session is on a line; None: it cannot be read."""
    if len(line.text) > longest:
        return None
    try:
        return is_document(parse_line(line).value)
    except DecodeError:
        return None


def _is_object_before_others(file: BinaryIO, longest: int) -> bool:
    """Tell whether the first line may be an object by itself, and others follow."""
    pieces = iter(partial(file.readline, _PIECE), b"")
    end = _end_of_first_line(pieces, longest)
    return end.rstrip(BLANKS).endswith(b"}") and any(map(_is_filled, pieces))


def _end_of_first_line(pieces: Iterator[bytes], longest: int) -> bytes:
    """Return the last piece of the first line; none: it does not end, or is too long.

    The line is not kept: it may be all of a large document.
    """
    size, last = 0, b""
    for piece in pieces:
        last = piece if _is_filled(piece) else last
        size += len(piece) if last else 0
        if size > longest:
            break
        if last and piece.endswith(b"\n"):
            return last
    return b""


def _is_filled(piece: bytes) -> bool:
    return bool(piece.removeprefix(MARK).strip(BLANKS))


def _stored_lines(file: SessionFile, within: LineRange | None) -> Iterator[Stored]:
    """Yield the session of each line.

    Args:
        file: JSON Lines of sessions.
        within: Which lines; None: all. For some, the file must be seekable.
    """
    opener = file.unchanged()
    text = SourceText(opener, file.source)
    reader = Reader(file.session_id, Checks(file.reading.strict, file.reading.limits))
    with text.opened() as opened:
        for number, line in _numbered_lines(opened, reader, within):
            name = reader.id_of(number)
            content = line.text.rstrip(b"\r\n")
            digest = blake2b(content, digest_size=DIGEST_SIZE).digest()
            read = partial(_read, text, reader, line, name, opener.torn)
            yield Stored(name, digest, read)


def _numbered_lines(
    file: BinaryIO, reader: Reader, within: LineRange | None
) -> Iterator[tuple[int, Line]]:
    longest = reader.checks.limits.event_bytes
    if within is None:
        return enumerate(lines_of_any_length(file, longest), 1)
    file.seek(within.start)
    lines = lines_of_any_length(
        file, longest, offset=within.start, before=within.lines_before
    )
    inside = takewhile(lambda line: line.start < within.end, lines)
    return enumerate(inside, within.filled_before + 1)


def _read(
    text: SourceText, reader: Reader, line: Line, name: str, torn: int
) -> Session:
    with text.named():
        check_length(line, reader.checks)
        return marked_torn(reader.on_line(line, name), torn)
