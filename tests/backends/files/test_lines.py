"""Lines cut into ranges."""

import io
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.codec.documents import Line, lines_of_any_length
from replay_backends.files.lines import CountedRange, LineRange, line_ranges

LONGEST = 100
#: What lines are made of: what is blank, what looks like it, and what is not.
PIECES = [
    b"",
    b" ",
    b"\t",
    b"\r",
    b"\xef\xbb\xbf",
    b"\xef",
    b"\xbb\xbf",
    b"{}",
    b"\x0b",
]
texts = st.lists(st.sampled_from([*PIECES, b"\n", b"\n", b"\n\n"])).map(b"".join)


def ranges(text: bytes, size: int) -> list[CountedRange]:
    return list(line_ranges(io.BytesIO(text), LONGEST, size))


def lines_in(text: bytes, span: LineRange) -> list[Line]:
    file = io.BytesIO(text[: span.end])
    file.seek(span.start)
    start, before = span.start, span.lines_before
    return list(lines_of_any_length(file, LONGEST, offset=start, before=before))


@given(texts, st.integers(1, 20))
def test_the_lines_of_all_ranges_are_those_of_the_text(text: bytes, size: int) -> None:
    found = [lines_in(text, each.lines) for each in ranges(text, size)]
    assert [*chain(*found)] == [*lines_of_any_length(io.BytesIO(text), LONGEST)]


@given(texts, st.integers(1, 20))
def test_the_lines_that_are_not_blank_are_counted(text: bytes, size: int) -> None:
    before = 0
    for each in ranges(text, size):
        assert each.lines.filled_before == before
        assert each.filled == len(lines_in(text, each.lines))
        before += each.filled


@given(texts, st.integers(1, 20))
def test_ranges_follow_each_other(text: bytes, size: int) -> None:
    spans = [each.lines for each in ranges(text, size)]
    assert [one.end for one, _ in pairwise(spans)] == [
        other.start for _, other in pairwise(spans)
    ]
    assert all(span.end - span.start > 0 for span in spans)
    assert {span.end for span in spans[-1:]} <= {len(text)}


def test_a_range_ends_with_the_line_in_which_its_size_is_reached() -> None:
    assert ranges(b"1\n22\n\n333\n4", 4) == [
        CountedRange(LineRange(0, 5, 0, 0), 2),
        CountedRange(LineRange(5, 10, 2, 2), 1),
        CountedRange(LineRange(10, 11, 4, 3), 1),
    ]


@pytest.mark.parametrize("end", [b"", b"\n", b"\n{}\n"])
def test_a_line_that_is_too_long_is_a_range_like_any(end: bytes) -> None:
    text = b"x" * 1000 + end
    first, *rest = ranges(text, 4)
    assert first == CountedRange(LineRange(0, 1000 + len(end[:1]), 0, 0), 1)
    assert len(rest) == len(end[1:2])


def test_a_text_without_bytes_has_no_range() -> None:
    assert ranges(b"", 4) == []
