"""JSON Lines of sessions: the lines of a text, each read by itself."""

import io
import json
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorded_sessions import documents, recorded_events
from replay import Limits, Session, Stored
from replay.codec.checks import Checks
from replay.codec.documents import Reader
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.errors import DecodeError, LimitExceededError
from replay_backends.files.lines import holds_session_lines, line_ranges, stored_lines

LONGEST = 10_000
DOCUMENT = b'{"session_id": "a", "events": []}\n'
NAMELESS = b'{"events": []}\n'
EVENT = b'{"type": "text", "content": "Yes."}\n'
MARK = b"\xef\xbb\xbf"
READER = Reader("name", Checks(strict=False, limits=Limits(event_bytes=LONGEST)))


def text_of(data: bytes) -> SourceText:
    return SourceText(partial(io.BytesIO, data), "the-file")


def holds(data: bytes, *, is_lines: bool = False) -> bool:
    return holds_session_lines(text_of(data), LONGEST, is_lines=is_lines)


def stored(data: bytes) -> list[Stored]:
    return list(stored_lines(text_of(data), READER, None))


def stored_in_ranges(data: bytes, size: int) -> Iterator[Stored]:
    for each in line_ranges(io.BytesIO(data), LONGEST, size):
        yield from stored_lines(text_of(data), READER, each.lines)


def taken_for_lines(data: bytes, *, is_lines: bool) -> list[Session]:
    text = SourceText(partial(io.BytesIO, data), kept=100, block=10)
    return list(read_sessions(text, session_id="name", is_lines=is_lines or None))


def lines(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[bytes]:
    return st.one_of(
        strategy.map(lambda each: json.dumps(each).encode()),
        st.sampled_from([b"", b" ", b"\r", MARK, b" {}", NAMELESS.strip(), EVENT[:-1]]),
    )


texts = st.lists(lines(st.one_of(documents, recorded_events)), max_size=4).map(
    b"\n".join
)


@given(data=texts, is_lines=st.booleans())
def test_lines_are_taken_for_sessions_where_reading_does(
    *, data: bytes, is_lines: bool
) -> None:
    try:
        sessions = taken_for_lines(data, is_lines=is_lines)
    except DecodeError:
        return
    if holds(data, is_lines=is_lines):
        assert [each.read() for each in stored(data)] == sessions
    else:
        assert len(sessions) == 1


@given(st.lists(lines(documents)).map(b"\n".join), st.integers(1, 200))
def test_what_is_stored_is_the_same_however_it_is_cut(data: bytes, size: int) -> None:
    found = [(each.name, each.digest) for each in stored(data)]
    assert [(each.name, each.digest) for each in stored_in_ranges(data, size)] == found


@pytest.mark.parametrize(
    ("data", "is_lines", "expected"),
    [
        (DOCUMENT, True, True),
        (DOCUMENT, False, False),
        (DOCUMENT * 2, False, True),
        (b"\n \n" + DOCUMENT + b"\r\n" + DOCUMENT, False, True),
        (MARK + DOCUMENT * 2, False, True),
        (EVENT * 2, True, False),
        (EVENT * 2, False, False),
        (EVENT + DOCUMENT, True, False),
        (b'{"events":\n[]}\n', False, False),
        (b"[\n]\n", False, False),
        (b"", True, False),
        (b"", False, False),
        (b"5\n" + DOCUMENT, True, False),
        (b"{torn\n" + DOCUMENT, True, True),
        (b"{torn\n" + EVENT, True, False),
        (b"{torn}\n" + DOCUMENT, False, True),
        (b"x" * (LONGEST + 9) + b"\n" + DOCUMENT, True, True),
        (b"{" + b" " * LONGEST + b"}\n" + DOCUMENT, False, False),
        (b"{torn\n" * 100 + DOCUMENT, True, False),
    ],
)
def test_what_lines_are_is_found_out(
    *, data: bytes, is_lines: bool, expected: bool
) -> None:
    assert holds(data, is_lines=is_lines) is expected


class Corrupt(io.BytesIO):
    """Packed data that cannot be unpacked."""

    def readline(self, _size: int | None = -1, /) -> bytes:
        raise DecodeError(where="gzip data", reason="corrupt")


def test_what_cannot_be_unpacked_holds_no_lines() -> None:
    assert not holds_session_lines(SourceText(Corrupt), LONGEST, is_lines=True)


def test_a_first_line_may_be_longer_than_what_is_looked_at_at_once() -> None:
    long = b'{"a": "' + b"x" * (3 << 20) + b'", "events": []}\n'
    text = text_of(long + b"\n" + DOCUMENT)
    assert holds_session_lines(text, 4 << 20, is_lines=False)


def test_a_name_counts_the_lines_that_are_not_blank() -> None:
    names = [each.name for each in stored(b"\n" + NAMELESS + b"\n" + NAMELESS * 2)]
    assert names == ["name", "name-2", "name-3"]


def test_a_session_without_an_id_bears_the_name() -> None:
    _, second = stored(DOCUMENT + NAMELESS)
    assert second.read() == Session("name-2")


def test_a_digest_is_that_of_the_line_without_its_end() -> None:
    ends = [b"", b"\n", b"\r\n"]
    found = {stored(NAMELESS.strip() + end)[0].digest for end in ends}
    assert found == {blake2b(NAMELESS.strip(), digest_size=16).digest()}


def test_a_bad_line_does_not_keep_later_ones_from_being_read() -> None:
    long = b"x" * (LONGEST + 9) + b"\n"
    found = stored(DOCUMENT + b"{torn\n" + EVENT + long + DOCUMENT)
    told = {1: "line 2, column 2", 2: "line 3: not a session", 3: "line 4: longer than"}
    for number, message in told.items():
        with pytest.raises(DecodeError, match=f"the-file: {message}"):
            found[number].read()
    assert found[0].read() == found[4].read() == Session("a")


def test_a_line_that_is_too_long_says_so() -> None:
    (found,) = stored(b"x" * (LONGEST + 9))
    with pytest.raises(LimitExceededError, match="line 1"):
        found.read()


def test_an_error_in_a_range_names_the_line_of_the_text() -> None:
    *_, last = stored_in_ranges(b"\n" + DOCUMENT * 3 + b"{torn\n", 40)
    with pytest.raises(DecodeError, match="line 5, column 2"):
        last.read()
