"""Where in a text an error is, when only a stretch of it was read."""

import re
from typing import Final

import attrs

from replay.checking import Where
from replay.errors import DecodeError
from replay.forms import MARK
from replay.json_text import judge
from replay.source_text import SourceText

_BLOCK: Final = 1 << 20  # bytes
_LATER: Final = bytes(range(0x80, 0xC0))  # of a character's bytes, all but the first
_LINE: Final = re.compile(r"line (\d+), column (\d+)")
_BYTE: Final = re.compile(r"byte (\d+)")
_INDEX: Final = re.compile(r"\$\[(\d+)\]")


@attrs.frozen
class Place:
    """Where a stretch begins in a text."""

    byte: int  #: from 0
    line: int = 1  #: from 1
    column: int = 1  #: in characters, from 1


def place_of(text: SourceText, offset: int) -> Place:
    """Return the place of the byte at *offset*; what precedes it is read.

    Args:
        text: What holds it.
        offset: In bytes, from 0.
    """
    line, column, left = 1, 1, offset
    with text.opened() as file:
        while left and (block := file.read(min(left, _BLOCK))):
            is_first, left = left == offset, left - len(block)
            if is_first:
                block = block.removeprefix(MARK)
            line += block.count(b"\n")
            _, newline, tail = block.rpartition(b"\n")
            column = len(tail.translate(None, _LATER)) + (1 if newline else column)
    return Place(offset, line, column)


def fault(text: bytes) -> DecodeError:
    """Return what is wrong with a text that is no JSON."""
    error = DecodeError("line 1, column 1", "not JSON")
    try:
        judge(text)
    except DecodeError as found:
        error = found
    return error


def moved(  # noqa: PLR0913, PLR0917 - what makes a place
    error: DecodeError,
    text: SourceText,
    offset: int,
    shift: int,
    where: Where,
    first: int,
) -> DecodeError:
    """Return the error of a stretch as one of the whole text.

    Args:
        error: What reading the stretch ended in.
        text: The whole.
        offset: Where the stretch begins in it, in bytes.
        shift: How many bytes, all ASCII, were put before it to read it.
        where: Tells the places of the list's events.
        first: The index that the stretch's first event has there.
    """
    if found := _INDEX.match(error.where):
        moved_to = where(int(found[1]) + first) + error.where[found.end() :]
    elif found := _BYTE.match(error.where):
        moved_to = f"byte {int(found[1]) + offset - shift}"
    elif found := _LINE.match(error.where):
        place = place_of(text, offset)
        line, column = map(int, found.groups())
        column += place.column - 1 - shift if line == 1 else 0
        moved_to = f"line {line + place.line - 1}, column {column}"
    else:
        moved_to = error.where
    return attrs.evolve(error, where=moved_to)
