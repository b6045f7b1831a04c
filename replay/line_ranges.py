"""A text of lines, cut into ranges of lines, so that several can read it."""

import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Final

import attrs

from replay.line_reading import pass_over_rest

_SIZE: Final = 4 << 20
_BLANK_BEGINNINGS: Final = (b" ", b"\t", b"\r", b"\n", b"\xef")
_MAY_BE_BLANK: Final = re.compile(rb"\n[ \t\r\n\xef]")
#: A line that :mod:`replay.line_reading` takes for a blank one, with the end before it.
_BLANK: Final = re.compile(rb"\n(?:\xef\xbb\xbf)?[ \t\r]*+(?=\n)")


@attrs.frozen
class LineRange:
    """Some lines that follow each other in a text."""

    start: int  #: where the first begins, in bytes from the text's beginning
    end: int  #: where the last ends
    lines_before: int = 0
    filled_before: int = 0  #: of these, the lines that are not blank


@attrs.frozen
class CountedRange:
    """A range, and how many lines in it are not blank."""

    lines: LineRange
    filled: int


def line_ranges(
    file: BinaryIO, longest: int, size: int = _SIZE
) -> Iterator[CountedRange]:
    """Yield ranges that are together all lines of a file, in order.

    Args:
        file: At its beginning. It is read once.
        longest: How long a line may be, in bytes; of a longer one, the rest is only
            passed over.
        size: In how many bytes from a range's beginning its last line begins.
    """
    start = lines = filled = 0
    for block in iter(partial(file.read, size), b""):
        text = block if block.endswith(b"\n") else block + file.readline(longest)
        end = start + len(text)
        if not text.endswith(b"\n"):
            end += pass_over_rest(file)
        line_count, filled_count = _counts(text)
        yield CountedRange(LineRange(start, end, lines, filled), filled_count)
        start, lines, filled = end, lines + line_count, filled + filled_count


def _counts(text: bytes) -> tuple[int, int]:
    """Return how many lines a text has, and how many of them are not blank."""
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    if text[:1] not in _BLANK_BEGINNINGS and not _MAY_BE_BLANK.search(text):
        return count, count
    ended = b"\n" + text + (b"" if text.endswith(b"\n") else b"\n")
    return count, count - len(_BLANK.findall(ended))
