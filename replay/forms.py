"""The two forms of a history's JSON text: an array, or a value a line."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from replay.json_text import parse

Form: TypeAlias = Literal["array", "lines"]

BLANKS = b" \t\r\n"  #: what may stand around a JSON value
MARK = b"\xef\xbb\xbf"  #: a byte order mark, which may stand before the first


def values_of(text: bytes, form: Form) -> Sequence[object]:
    """Return the JSON values of the events that a text holds.

    Args:
        text: JSON that was decoded before.
        form: How it is laid out.
    """
    if form == "lines":
        return [parse(line).value for line in lines_of(text)]
    values: Any = parse(text).value
    return values  # type: ignore[no-any-return]  # an array gives a list


def lines_of(text: bytes) -> list[bytes]:
    """Return the lines of a text that are not blank."""
    lines = text.split(b"\n")
    return [line for line in lines if line.removeprefix(MARK).strip(BLANKS)]
