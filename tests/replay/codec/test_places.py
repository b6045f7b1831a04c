"""Where in a text a byte stands."""

import io
from functools import partial

import pytest

from replay.codec.json_scan import MARK
from replay.codec.large_reader import Place, place_of
from replay.codec.stored_history import SourceText

MEGABYTE = b"x" * (1 << 20)


def found(data: bytes, offset: int) -> Place:
    return place_of(SourceText(partial(io.BytesIO, data)), offset)


@pytest.mark.parametrize(
    ("before", "line", "column"),
    [
        (b"", 1, 1),
        (b"[1, ", 1, 5),
        (b"[\n1, ", 2, 4),
        ("Grüße ".encode(), 1, 7),
        (MARK + b"[", 1, 2),
        (MEGABYTE + b"12", 1, (1 << 20) + 3),
        (b"\n" + MEGABYTE + MEGABYTE, 2, (2 << 20) + 1),
    ],
)
def test_a_byte_is_found_by_line_and_column(
    before: bytes, line: int, column: int
) -> None:
    assert found(before + b"!", len(before)) == Place(len(before), line, column)
