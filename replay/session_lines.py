"""JSON Lines of sessions: what tells them, and each session by itself."""

from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from itertools import islice, takewhile
from typing import BinaryIO, Final

from replay.errors import DecodeError
from replay.forms import BLANKS, MARK
from replay.line_ranges import LineRange
from replay.line_reading import Line, check_length, lines_of_any_length
from replay.portions import DIGEST_SIZE, Stored
from replay.recordings import Reader, is_document, parse_line
from replay.sessions import Session
from replay.source_text import SourceText

_PIECE: Final = 1 << 20  # bytes of a line that are looked at in one go
_TRIES: Final = 100  # lines of a broken text that are looked at


def holds_session_lines(text: SourceText, longest: int, *, is_lines: bool) -> bool:
    """Tell whether :func:`~replay.shapes.read_sessions` takes each line for a session.

    Where it would fail, since the first line is no JSON, the first one that is decides:
    the others may be read all the same.

    Args:
        text: JSON in UTF-8.
        longest: How long a line may be, in bytes.
        is_lines: Whether it must be JSON Lines; else that is found out.

    Raises:
        BackendError: The text cannot be read.
    """
    try:
        with text.opened() as file:
            if not (is_lines or _is_object_before_others(file, longest)):
                return False
        with text.opened() as file:
            tries = islice(lines_of_any_length(file, longest), _TRIES)
            found = (_is_session(line, longest) for line in tries)
            return next((each for each in found if each is not None), False)
    except DecodeError:  # what is compressed is corrupt
        return False


def stored_lines(
    text: SourceText, reader: Reader, within: LineRange | None
) -> Iterator[Stored]:
    """Yield the session of each line.

    A digest is that of the line without its end; of a line that is too long, that of
    its beginning.

    Args:
        text: JSON Lines of sessions.
        reader: What is known of the recording.
        within: Which lines; None: all. For some, the text must be seekable.

    Raises:
        BackendError, DecodeError: The text cannot be read to its end.
    """
    longest = reader.checks.limits.event_bytes
    with text.opened() as file:
        for number, line in _numbered_lines(file, longest, within):
            name = reader.id_of(number)
            content = line.text.rstrip(b"\r\n")
            digest = blake2b(content, digest_size=DIGEST_SIZE).digest()
            yield Stored(name, digest, partial(_read, text, reader, line, name))


def _numbered_lines(
    file: BinaryIO, longest: int, within: LineRange | None
) -> Iterator[tuple[int, Line]]:
    if within is None:
        return enumerate(lines_of_any_length(file, longest), 1)
    file.seek(within.start)
    lines = lines_of_any_length(
        file, longest, offset=within.start, before=within.lines_before
    )
    inside = takewhile(lambda line: line.start < within.end, lines)
    return enumerate(inside, within.filled_before + 1)


def _read(text: SourceText, reader: Reader, line: Line, name: str) -> Session:
    with text.named():
        check_length(line, reader.checks)
        return reader.on_line(line, name)


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
