"""Where in a text an error is, when only a stretch of it was read."""

import re
from typing import BinaryIO, Final

import attrs

from replay.checking import Where
from replay.errors import DecodeError
from replay.json_text import judge

_BLOCK: Final = 1 << 20  # bytes
_LINE: Final = re.compile(r"line (\d+), column (\d+)")
_BYTE: Final = re.compile(r"byte (\d+)")
_INDEX: Final = re.compile(r"\$\[(\d+)\]")


@attrs.frozen
class Place:
    """Where a stretch begins in a text."""

    byte: int  #: from 0
    line: int = 1  #: from 1
    column: int = 1  #: in characters, from 1


def place_of(file: BinaryIO, offset: int) -> Place:
    """Return the place of the byte at *offset*; what precedes it is read.

    Args:
        file: At its beginning.
        offset: In bytes, from 0.
    """
    line, last, left = 1, b"", offset
    while left and (block := file.read(min(left, _BLOCK))):
        left -= len(block)
        line += block.count(b"\n")
        _, newline, tail = block.rpartition(b"\n")
        last = tail if newline else last + tail
    return Place(offset, line, 1 + len(last.decode(errors="replace")))


def fault(text: bytes) -> DecodeError:
    """Return what is wrong with a text that is no JSON."""
    error = DecodeError("line 1, column 1", "not JSON")
    try:
        judge(text)
    except DecodeError as found:
        error = found
    return error


def moved(
    error: DecodeError, place: Place, shift: int, where: Where, first: int
) -> DecodeError:
    """Return the error of a stretch as one of the whole text.

    Args:
        error: What reading the stretch ended in.
        place: Where the stretch begins.
        shift: How many bytes, all ASCII, were put before it to read it.
        where: Tells the places of the list's events.
        first: The index that the stretch's first event has there.
    """
    if found := _LINE.match(error.where):
        line, column = map(int, found.groups())
        column += place.column - 1 - shift if line == 1 else 0
        moved_to = f"line {line + place.line - 1}, column {column}"
    elif found := _BYTE.match(error.where):
        moved_to = f"byte {int(found[1]) + place.byte - shift}"
    elif found := _INDEX.match(error.where):
        moved_to = where(int(found[1]) + first) + error.where[found.end() :]
    else:
        moved_to = error.where
    return attrs.evolve(error, where=moved_to)
