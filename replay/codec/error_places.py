"""Places of errors, in a text that is read in pieces."""

import re
from typing import Final

import attrs

from replay.codec.checks import Where
from replay.codec.json_scan import MARK
from replay.codec.stored_history import SourceText
from replay.errors import DecodeError, LimitExceededError
from replay.model.json_text import judge

_BLOCK: Final = 1 << 20  # bytes
ENOUGH_TO_SHOW: Final = 100  #: bytes of a text, to show its beginning in an error
LATER: Final = bytes(range(0x80, 0xC0))  #: a character's bytes after the first
_LINE: Final = re.compile(r"line (\d+), column (\d+)")
_BYTE: Final = re.compile(r"byte (\d+)")
_INDEX: Final = re.compile(r"\$\[(\d+)\]")


@attrs.frozen
class TextPosition:
    """The position of a byte in a text."""

    byte: int  #: from 0
    line: int = 1  #: from 1
    column: int = 1  #: in characters, from 1


def position_of(text: SourceText, offset: int) -> TextPosition:
    """Return the position of the byte at *offset*, after reading the text before it."""
    line, column, left = 1, 1, offset
    with text.opened() as file:
        while left and (block := file.read(min(left, _BLOCK))):
            is_first, left = left == offset, left - len(block)
            if is_first:
                block = block.removeprefix(MARK)
            line += block.count(b"\n")
            _, newline, tail = block.rpartition(b"\n")
            column = len(tail.translate(None, LATER)) + (1 if newline else column)
    return TextPosition(offset, line, column)


def json_error(text: bytes) -> DecodeError:
    """Return the error for text that isn't JSON."""
    error = DecodeError("line 1, column 1", "not JSON")
    try:
        judge(text)
    except DecodeError as found:
        error = found
    return error


def relocate_error(  # noqa: PLR0913, PLR0917 - what makes a place
    error: DecodeError,
    text: SourceText,
    offset: int,
    shift: int,
    where: Where,
    first: int,
) -> DecodeError:
    """Return the error of a stretch, with its place in the whole text.

    Args:
        error: The error from reading the stretch.
        text: The whole text.
        offset: Where the stretch begins in it, in bytes.
        shift: How many bytes, all ASCII, were prepended to the stretch to read it.
        where: Returns the place of an event of the list.
        first: The index of the stretch's first event in the list.
    """
    if found := _INDEX.match(error.where):
        moved_to = where(int(found[1]) + first) + error.where[found.end() :]
    elif found := _BYTE.match(error.where):
        moved_to = f"byte {int(found[1]) + offset - shift}"
    elif found := _LINE.match(error.where):
        start = position_of(text, offset)
        line, column = map(int, found.groups())
        column += start.column - 1 - shift if line == 1 else 0
        moved_to = f"line {line + start.line - 1}, column {column}"
    else:
        moved_to = error.where
    return attrs.evolve(error, where=moved_to)


def is_of_value(error: DecodeError) -> bool:
    """Tell whether an error is of a value in text that is JSON, all in all."""
    return error.where.startswith("$") and not isinstance(error, LimitExceededError)
