"""The lines of a text, one by one or in groups."""

import io

import pytest

from replay.codec.checks import Checks
from replay.codec.documents import Line, groups, lines, lines_of_any_length
from replay.errors import LimitExceededError
from replay.model.limits import Limits

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


def test_of_a_longer_line_the_beginning_is_kept_and_the_rest_passed_over() -> None:
    found = list(lines_of_any_length(io.BytesIO(b"1\n123456789\n2\n"), 4))
    assert found == [Line(1, b"1\n", 2), Line(2, b"12345", 7), Line(3, b"2\n", 14)]


@pytest.mark.parametrize("data", [b"1234\n2\n", b"12345678\n2\n"])
def test_the_line_after_a_longer_one_is_read(data: bytes) -> None:
    *_, last = lines_of_any_length(io.BytesIO(data), 4)
    assert last == Line(2, b"2\n", len(data))


def test_a_longer_line_may_end_the_text() -> None:
    assert [*lines_of_any_length(io.BytesIO(b"123456789"), 4)] == [Line(1, b"12345", 5)]


def test_lines_can_be_read_from_the_middle_of_a_text() -> None:
    file = io.BytesIO(b"1\n\n22\n3\n")
    file.seek(3)
    found = [*lines_of_any_length(file, 8, offset=3, before=2)]
    assert found == [Line(3, b"22\n", 6), Line(4, b"3\n", 8)]


def test_lines_are_grouped_up_to_a_block() -> None:
    assert grouped(b"1\n2\n3\n4444\n5\n", 4) == [[1, 2], [3], [4], [5]]


def test_a_text_without_lines_has_no_group() -> None:
    assert grouped(b"\n \n", 4) == []
