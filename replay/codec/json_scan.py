"""The ends of JSON values in a text, found by brackets, without decoding.

The place to cut a document is a guess, which decoding the header confirms or not. If a
document is laid out in another way, it is read whole.
"""

import re
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import attrs

from replay.errors import DecodeError
from replay.model.json_text import judge

#: A string (its last group is empty if the text ends too soon), or a bracket.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[][{}]', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^ \t\r\n,\]}\"\[{]++(?=[ \t\r\n,\]}])")
_BLANK: Final = re.compile(rb"[ \t\r\n]*+")


def value_end(text: bytes, start: int) -> int | None:
    """Return the end of the value that begins at *start*; None: not in this text."""
    if text[start : start + 1] not in (b'"', b"[", b"{"):
        scalar = _SCALAR.match(text, start)
        return scalar and scalar.end()
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token[0] in b"[{":
            depth += 1
        elif token[0] in b"]}":
            depth -= 1
        elif not token[1]:
            return None
        if depth <= 0:
            return token.end()
    return None


def values_end(text: bytes, start: int, enough: int) -> int:
    """Return the end of the last of several values separated by commas.

    That is the last whole one that begins before *enough*. The first begins at *start*,
    or after blanks; if it isn't whole, *start* is returned.
    """
    last = start
    while start < enough:
        end = value_end(text, blank_end(text, start))
        if end is None:
            return last
        last, start = end, blank_end(text, end)
        if text[start : start + 1] != b",":
            return last
        start += 1
    return last


def blank_end(text: bytes, start: int) -> int:
    """Return the end of the blanks that begin at *start*."""
    blank = _BLANK.match(text, start)
    return blank.end() if blank else start


def follow_brackets(text: bytes, start: int, end: int, opened: bytearray) -> None:
    """Update the open brackets, outermost first; *start* must be outside a string."""
    for token in _TOKEN.finditer(text, start, end):
        if token[0] in b"[{":
            opened += token[0]
        elif token[0] in b"]}":
            del opened[-1:]


Form: TypeAlias = Literal["array", "lines"]

BLANKS = b" \t\r\n"  #: the characters that may surround a JSON value
MARK = b"\xef\xbb\xbf"  #: a byte order mark, which may precede the first value


def value_start(text: bytes) -> int:
    """Return where a text's first value begins, after a mark and blanks."""
    return blank_end(text, len(MARK) if text.startswith(MARK) else 0)


#: A key, since its first quote cannot be within a string or end one.
_EVENTS: Final = re.compile(rb'(?<=[{, \t\r\n])"events"[ \t\r\n]*+:[ \t\r\n]*+\[')
_FARTHEST: Final = 200  # blanks between the last event and the end of its array
_TRIES: Final = 100


@attrs.frozen
class Cut:
    """A document's header, with null for its events, and the text of the events."""

    header: Mapping[str, object]
    oddities: tuple[tuple[str, str], ...]
    array: bytes


def cut(data: bytes) -> Cut | None:
    """Split a document into header and events; None: read it whole."""
    start = beginning_of_events(data)
    end = end_of_events(data)
    if not 0 <= start < end:
        return None
    try:
        parsed = judge(data[:start] + b"null" + data[end:])
    except DecodeError:
        return None
    header: Any = parsed.value  # an object, for "events" stands at its root
    return Cut(header, parsed.oddities, data[start:end])


def beginning_of_events(data: bytes) -> int:
    """Return where the array of a document's events begins; -1: there is none."""
    opened, at = bytearray(), 0
    for found in _EVENTS.finditer(data):
        follow_brackets(data, at, found.start(), opened)
        at = found.start()
        if opened == b"{":
            return found.end() - 1
    return -1


def end_of_events(data: bytes) -> int:
    """Return the end of the last array that ends in an object; 0: there is none."""
    end = len(data)
    for _ in range(_TRIES):
        end = max(0, data.rfind(b"]", 0, end))
        if data[max(0, end - _FARTHEST) : end].rstrip(BLANKS).endswith(b"}"):
            return end + 1
    return 0


_WIDEST: Final = 4  # bytes of a character


class Window:
    """A window on a text, which moves towards the end of the text."""

    def __init__(self, file: BinaryIO) -> None:
        self.data = b""
        self.offset = 0  #: where the data begins in the text
        self.is_last = False  #: whether nothing follows the data
        self._file = file

    def fill(self, size: int) -> None:
        """Hold at least *size* bytes, or all that is left."""
        pieces = [self.data]
        missing = size - len(self.data)
        while missing > 0 and not self.is_last:
            piece = self._file.read(missing)
            pieces.append(piece)
            missing -= len(piece)
            self.is_last = not piece
        self.data = b"".join(pieces)

    def pass_mark(self) -> bool:
        """Skip a byte order mark; tell whether there was one."""
        self.fill(len(MARK))
        is_marked = self.data.startswith(MARK)
        self.drop(len(MARK) if is_marked else 0)
        return is_marked

    def peek(self, size: int) -> bytes:
        """Skip blanks, and return the next byte; empty at the end of the text.

        Its whole character is held.

        Args:
            size: How many bytes to hold at once.
        """
        self.fill(size)
        while (blanks := blank_end(self.data, 0)) == len(self.data) > 0:
            self.drop(blanks)
            self.fill(size)
        self.drop(blanks)
        self.fill(_WIDEST)
        return self.data[:1]

    def drop(self, size: int) -> None:
        """Move on by *size* bytes, which must be held."""
        self.data = self.data[size:]
        self.offset += size
