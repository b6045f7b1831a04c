"""Where JSON values end in a text, told by its brackets; whether it is JSON is not."""

import re
from typing import Final

#: A string (its last group is empty where the text ends too soon), or a bracket.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[][{}]', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^ \t\r\n,\]}\"\[{]++(?=[ \t\r\n,\]}])")
_BLANK: Final = re.compile(rb"[ \t\r\n]*+")


def value_end(text: bytes, start: int) -> int | None:
    """Return where the value that begins at *start* ends; None: not in this text."""
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
    """Return where the last of some values ends that commas part.

    Args:
        text: Where to look.
        start: Where the first value begins, or a blank before it.
        enough: How far to look.

    Returns:
        The end of the last value that is whole and begins before *enough*; *start*
        where there is none.
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
    """Return where the blanks end that begin at *start*."""
    blank = _BLANK.match(text, start)
    return blank.end() if blank else start


def follow_brackets(text: bytes, start: int, end: int, opened: bytearray) -> None:
    """Bring the brackets that are open at *start* to those that are open at *end*.

    Args:
        text: Where to look.
        start: Where to begin; no string is open there.
        end: Where to stop.
        opened: The brackets that are open, outermost first.
    """
    for token in _TOKEN.finditer(text, start, end):
        if token[0] in b"[{":
            opened += token[0]
        elif token[0] in b"]}":
            del opened[-1:]
