"""JSON Lines of sessions, recognised, divided and read line by line."""

import re
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from itertools import takewhile
from typing import BinaryIO, Final

import attrs

from replay.codec.checks import Checks
from replay.codec.documents import (
    Line,
    Reader,
    hold_sessions,
    lines_of_any_length,
    pass_over_rest,
    session_on,
)
from replay.codec.json_scan import BLANKS, MARK
from replay.codec.stored_history import SourceText
from replay.errors import DecodeError
from replay.model.limits import Limits
from replay.sources.protocols import Stored

_RANGE_SIZE: Final = 4 << 20
_PIECE: Final = 1 << 20  # bytes that are read at once
_BLANK_BEGINNINGS: Final = (b" ", b"\t", b"\r", b"\n", b"\xef")
_MAY_BE_BLANK: Final = re.compile(rb"\n[ \t\r\n\xef]")
#: A line that :mod:`replay.codec.documents` treats as blank, with the line end before
#: it.
_BLANK: Final = re.compile(rb"\n(?:\xef\xbb\xbf)?[ \t\r]*+(?=\n)")


@attrs.frozen
class LineRange:
    """A range of consecutive lines in a text."""

    start: int  #: where the first begins, in bytes from the text's beginning
    end: int  #: where the last ends
    lines_before: int = 0
    filled_before: int = 0  #: how many of these aren't blank


@attrs.frozen
class SessionLines:
    """A text read as JSON Lines with a session on each, if :meth:`are_sessions`.

    Args:
        text: JSON in UTF-8.
        session_id: The base of the ids of sessions that give none: a, a-2, a-3.
        strict: Refuse unknown and malformed events.
        limits: The sizes past which a line or an event is refused.
    """

    text: SourceText
    session_id: str
    strict: bool = False
    limits: Limits = attrs.field(factory=Limits)

    def are_sessions(self, *, is_lines: bool) -> bool:
        """Tell whether ``read_sessions`` takes each line for a session.

        Args:
            is_lines: Whether the text must be JSON Lines; otherwise that is found out.

        Raises:
            BackendError: The text cannot be read.
        """
        longest = self.limits.event_bytes
        try:
            with self.text.opened() as opened:
                if not (is_lines or _is_object_before_others(opened, longest)):
                    return False
            with self.text.opened() as opened:
                return bool(hold_sessions(opened, longest))
        except DecodeError:  # what is compressed is corrupt
            return False

    def begins_as_a_session(self) -> bool:
        """Tell whether the text begins with an object or a list, as a session does.

        Raises:
            BackendError, DecodeError: The text cannot be read.
        """
        with self.text.opened() as file:
            for piece in iter(partial(file.read, _PIECE), b""):
                if begun := piece.removeprefix(MARK).lstrip(BLANKS):
                    return begun.startswith((b"{", b"["))
        return False

    def ranges(self, size: int = _RANGE_SIZE) -> Iterator[tuple[LineRange, int]]:
        """Yield ranges that together are all lines, in order, reading the text once.

        Args:
            size: How far from a range's beginning its last line begins, in bytes.

        Yields:
            A range, and how many of its lines are not blank.

        Raises:
            BackendError: The text cannot be read to its end.
        """
        start = lines = filled = 0
        with self.text.opened() as file:
            for block in iter(partial(file.read, size), b""):
                text = block
                if not block.endswith(b"\n"):
                    text += file.readline(self.limits.event_bytes)
                end = start + len(text)
                if not text.endswith(b"\n"):
                    end += pass_over_rest(file)
                line_count, filled_count = _counts(text)
                yield LineRange(start, end, lines, filled), filled_count
                start, lines = end, lines + line_count
                filled += filled_count

    def stored(self, within: LineRange | None = None) -> Iterator[Stored]:
        """Yield the session of each line.

        A digest is that of the line without its end; of a line that is too long, that
        of its beginning.

        Args:
            within: Some of the lines, for which the text must be seekable. None: all.

        Raises:
            BackendError, DecodeError: The text cannot be read to its end.
        """
        reader = Reader(self.session_id, Checks(self.strict, self.limits))
        with self.text.opened() as opened:
            for number, line in _numbered_lines(opened, reader, within):
                name = reader.id_of(number)
                content = line.text.rstrip(b"\r\n")
                digest = blake2b(content, digest_size=Stored.digest_size).digest()
                read = partial(session_on, self.text, reader, line, name)
                yield Stored(name, digest, read)


def _counts(text: bytes) -> tuple[int, int]:
    """Return how many lines a text has, and how many of them are not blank."""
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    if text[:1] not in _BLANK_BEGINNINGS and not _MAY_BE_BLANK.search(text):
        return count, count
    ended = b"\n" + text + (b"" if text.endswith(b"\n") else b"\n")
    return count, count - len(_BLANK.findall(ended))


def _is_object_before_others(file: BinaryIO, longest: int) -> bool:
    """Tell whether the first line may be a whole object, and others follow."""
    pieces = iter(partial(file.readline, _PIECE), b"")
    end = _end_of_first_line(pieces, longest)
    return end.rstrip(BLANKS).endswith(b"}") and any(map(_is_filled, pieces))


def _end_of_first_line(pieces: Iterator[bytes], longest: int) -> bytes:
    """Return the last piece of the first line; empty: it has no end, or is too long.

    The line isn't kept, since it may be a whole large document.
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
