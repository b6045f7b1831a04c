"""The lines of a text, one by one or in groups."""

import io

import pytest

from replay.checking import Checks
from replay.errors import LimitExceededError
from replay.limits import Limits
from replay.line_reading import groups, lines

CHECKS = Checks(strict=False, limits=Limits(event_bytes=8))


def grouped(data: bytes, block: int) -> list[list[int]]:
    """Return the numbers of the lines in each group."""
    found = groups(lines(io.BytesIO(data), CHECKS), block)
    return [[line.number for line in group] for group in found]


def test_blank_lines_are_counted_and_left_out() -> None:
    found = [*lines(io.BytesIO(b"\n1\n \n22\n3"), CHECKS)]
    assert [(line.number, line.start, line.end) for line in found] == [
        (2, 1, 3),
        (4, 5, 8),
        (5, 8, 9),
    ]


def test_a_longer_line_than_allowed_is_refused_with_its_number() -> None:
    with pytest.raises(LimitExceededError, match="line 2"):
        list(lines(io.BytesIO(b"1\n123456789\n"), CHECKS))


def test_lines_are_grouped_up_to_a_block() -> None:
    assert grouped(b"1\n2\n3\n4444\n5\n", 4) == [[1, 2], [3], [4], [5]]


def test_a_text_without_lines_has_no_group() -> None:
    assert grouped(b"\n \n", 4) == []
