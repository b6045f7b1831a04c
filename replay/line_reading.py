"""The lines of a text, one by one or in groups that fit memory."""

from collections.abc import Iterator
from typing import BinaryIO

import attrs

from replay.checking import Checks
from replay.forms import BLANKS, MARK


@attrs.frozen
class Line:
    """A line that is not blank."""

    number: int  #: from 1, blank ones counted
    text: bytes
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
    longest, end = checks.limits.event_bytes, 0
    for number, line in enumerate(iter(lambda: file.readline(longest + 1), b""), 1):
        if len(line) > longest:
            where = f"line {number}"
            raise checks.too_long(where)
        end += len(line)
        if line.removeprefix(MARK).strip(BLANKS):
            yield Line(number, line, end)


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
