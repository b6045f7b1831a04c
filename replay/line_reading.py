"""The lines of a text, one by one or in groups that fit memory."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Final

import attrs

from replay.checking import Checks
from replay.forms import BLANKS, MARK

_PIECE: Final = 1 << 20  # bytes of a line that are passed over at once


@attrs.frozen
class Line:
    """A line that is not blank."""

    number: int  #: from 1, blank ones counted
    text: bytes  #: with its line end
    end: int  #: where it ends, in bytes from the beginning of the text

    @property
    def start(self) -> int:
        """Return where it begins, in bytes from the beginning of the text."""
        return self.end - len(self.text)


def lines(file: BinaryIO, checks: Checks) -> Iterator[Line]:
    """Yield the lines of a file that are not blank.

    Args:
        file: At its beginning.
        checks: How long a line may be.

    Raises:
        LimitExceededError: One is longer.
    """
    for line in lines_of_any_length(file, checks.limits.event_bytes):
        check_length(line, checks)
        yield line


def check_length(line: Line, checks: Checks) -> None:
    """Refuse a line that is longer than it may be.

    Raises:
        LimitExceededError: It is.
    """
    if len(line.text) > checks.limits.event_bytes:
        where = f"line {line.number}"
        raise checks.too_long(where)


def lines_of_any_length(
    file: BinaryIO, longest: int, *, offset: int = 0, before: int = 0
) -> Iterator[Line]:
    """Yield the lines of a file that are not blank, and those that are too long.

    Args:
        file: At the beginning of a line.
        longest: Of a longer line, only one byte more than that is kept.
        offset: Where that line begins, in bytes from the beginning of the text.
        before: How many lines there are before it.
    """
    at = offset
    read = partial(file.readline, longest + 1)
    for number, text in enumerate(iter(read, b""), before + 1):
        if len(text) > longest or text.removeprefix(MARK).strip(BLANKS):
            yield Line(number, text, at + len(text))
        at += len(text)
        if len(text) > longest and not text.endswith(b"\n"):
            at += pass_over_rest(file)


def groups(lines: Iterator[Line], block: int) -> Iterator[list[Line]]:
    """Yield lines that follow each other, some at once.

    Args:
        lines: The lines of a text.
        block: How far a group may reach, in bytes, the blank lines in it included;
            one line may be longer.
    """
    group: list[Line] = []
    for line in lines:
        if group and line.end - group[0].start > block:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def pass_over_rest(file: BinaryIO) -> int:
    """Pass over the rest of a line; return how many bytes that was."""
    size = 0
    while piece := file.readline(_PIECE):
        size += len(piece)
        if piece.endswith(b"\n"):
            break
    return size
