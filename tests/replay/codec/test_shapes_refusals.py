from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading import AROUND_RESULT, BOM, DOCUMENT, TEXT, read, refusal
from replay.errors import DecodeError, LimitExceededError
from replay.model.limits import Limits


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b"{}",
        b'{"events": null}',
        b'{"events": {}}',
        b'{"events": "[]"}',
        b'{"type": "FeatureCollection", "features": []}',
        b'{"type": []}',
        b'{"type": {}}',
        b'{"type": null}',
    ],
)
def test_an_object_of_another_kind_is_refused(data: bytes) -> None:
    error = refusal(data)
    assert error.reason == "not a session: the object has no list of events"
    assert error.hint.startswith("a session is {")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"5", "'5'"),
        (b'"text"', "'\"text\"'"),
        (b"null\n{}", "'null'"),
        (b"session_id,events\n", "'session_id,events'"),
        (b"# " + b"A long heading " * 9, "'# A long heading A l'"),
        ("é\x1b]".encode(), r"'\xe9\x1b]'"),
        (b"0" * 1000, "'00000000000000000000'"),
    ],
)
def test_what_cannot_be_a_session_is_refused_and_shown_safely(
    data: bytes, shown: str
) -> None:
    assert refusal(data).reason == f"expected an object or a list, got {shown}"


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t", BOM, BOM + b"\n \n"])
@pytest.mark.parametrize("is_lines", [None, False, True])
def test_an_empty_file_is_refused(data: bytes, is_lines: bool | None) -> None:  # noqa: FBT001 - as read_sessions takes it
    assert refusal(data, is_lines=is_lines).reason == "empty"


def test_lines_of_nothing_but_a_mark_are_refused() -> None:
    assert refusal(b"\n\xef\xbb\xbf", is_lines=True).reason == "empty"


@pytest.mark.parametrize("data", [b"\0" * 1000, b"\xff", b"\x1f\x8b\x08", b"\xef\xbb"])
@pytest.mark.parametrize("is_lines", [None, True])
def test_what_is_no_text_is_refused(data: bytes, is_lines: bool | None) -> None:  # noqa: FBT001 - as read_sessions takes it
    assert refusal(data, is_lines=is_lines).reason == "not UTF-8 text"


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    texts = [DOCUMENT, b"[\n" + TEXT + b"\n]", TEXT + b"\n" + TEXT]
    for mark, text in product(["", "\ufeff"], texts):
        error = refusal((mark + text.decode()).encode(encoding))
        assert error.hint == "it looks like UTF-16 or UTF-32; convert it to UTF-8", text


@pytest.mark.parametrize(
    "data",
    [
        DOCUMENT,
        b"[" + TEXT + b"]",
        TEXT,
        b"{\n" + DOCUMENT[1:],
        DOCUMENT + b"\n",
        '{"session_id": "é\\ud83d", "events": [{"type": "odd", "x": -1.5e3}]}'.encode(),
    ],
)
def test_a_recording_that_is_cut_off_anywhere_is_refused(data: bytes) -> None:
    for end in range(len(data.rstrip())):
        assert isinstance(refusal(data[:end]), DecodeError)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("first", [TEXT, DOCUMENT])
@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (b'{"type": "text"', "line 4, column 16"),
        (b'{"type": "text"} x', "line 4, column 18"),
        (b'{"a": [1e999]}', "line 4, $.a[0]"),
        (b'{"a": "\xff"}', "line 4, byte 7"),
        (b"{" * 20, "line 4, column 2"),
        (b"\x0c", "line 4, column 1"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(
    bad: bytes, where: str, first: bytes, end: bytes
) -> None:
    data = end.join([b"", first, b" ", bad, first])
    assert refusal(data).where == where


def test_a_first_line_that_is_bad_is_refused_by_its_number() -> None:
    assert refusal(b'\n\n{"a" 1}\n{}', is_lines=True).where == "line 3, column 6"


@pytest.mark.parametrize("line", [b"{}", b"5", TEXT, b'{"events": null}'])
def test_a_line_that_is_no_session_among_sessions_is_refused(line: bytes) -> None:
    error = refusal(DOCUMENT + b"\n\n" + line)
    assert (error.where, error.reason) == (
        "line 3",
        "not a session, as the lines before are",
    )


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"NaN", b"9" * 4301])
def test_a_number_that_cannot_be_kept_is_refused_by_its_path(number: bytes) -> None:
    head, tail = AROUND_RESULT
    assert refusal(head + b'[{"x": ' + number + b"}]" + tail).where == (
        "$.events[0].result[0].x"
    )


def test_a_header_that_is_wrong_is_refused_by_its_line() -> None:
    error = refusal(DOCUMENT + b'\n{"session_id": 5, "events": []}')
    assert error.where == "line 2, $.session_id"


def test_two_lists_of_events_are_refused_by_their_line() -> None:
    error = refusal(DOCUMENT + b'\n{"events": [], "\\u0065vents": []}')
    assert (error.where, error.reason) == ("line 2, $.events", "given twice")


@pytest.mark.parametrize("is_lines", [None, True])
def test_a_line_past_the_limit_is_refused_by_its_number(is_lines: bool | None) -> None:  # noqa: FBT001 - as read_sessions takes it
    error = refusal(
        TEXT + b"\n\n" + TEXT + b"     \n" + TEXT,
        is_lines=is_lines,
        limits=Limits(event_bytes=len(TEXT) + 2),
    )
    assert isinstance(error, LimitExceededError)
    assert (error.where, error.hint) == ("line 3", "raise Limits(event_bytes=…)")


@pytest.mark.parametrize("depth", [10_000, 100_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("is_lines", [None, True])
def test_huge_nesting_is_refused(
    depth: int,
    start: bytes,
    end: bytes,
    is_lines: bool | None,  # noqa: FBT001 - as read_sessions takes it
) -> None:
    head, tail = AROUND_RESULT
    data = head + start * depth + b"1" + end * depth + tail
    assert isinstance(refusal(data, is_lines=is_lines), LimitExceededError)


@given(st.binary(max_size=60) | st.binary(max_size=20).map(DOCUMENT.__add__))
def test_any_bytes_are_a_session_or_a_decode_error(data: bytes) -> None:
    for is_lines in (None, True):
        try:
            assert read(data, is_lines=is_lines)
        except DecodeError as error:
            assert error.reason  # noqa: PT017 - it may also be read


@given(st.integers(0, len(DOCUMENT)), st.binary(max_size=4), st.integers(0, 4))
def test_a_damaged_session_is_a_session_or_a_decode_error(
    place: int, inserted: bytes, deleted: int
) -> None:
    data = DOCUMENT[:place] + inserted + DOCUMENT[place + deleted :]
    try:
        assert read(data)
    except DecodeError as error:
        assert error.reason  # noqa: PT017 - it may also be read
