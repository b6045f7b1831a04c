"""The shapes of a recording, and refused input."""

import io
import json
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading import AROUND_RESULT, BOM, DOCUMENT, TEXT, UNNAMED, read, refusal
from replay import (
    DecodeError,
    LimitExceededError,
    Limits,
    Session,
    Text,
    ToolResult,
    dumps,
    loads,
)
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.sources.unreadable import readable


def recorded(session: Session) -> list[object]:
    return [event.as_object() for event in session.events]


@pytest.mark.parametrize(
    ("data", "session_id", "shape", "length"),
    [
        (DOCUMENT, "ses-1", "document", 1),
        (UNNAMED, "given", "document", 0),
        (json.dumps(json.loads(DOCUMENT), indent=2).encode(), "ses-1", "document", 1),
        (b"[" + TEXT + b"]", "given", "list", 1),
        (b"[\n" + TEXT + b",\n" + TEXT + b"\n]\n", "given", "list", 2),
        (b"[]", "given", "list", 0),
        (b"[[], {}, 5]", "given", "list", 3),
        (TEXT, "given", "lines", 1),
        (TEXT + b"\n" + TEXT, "given", "lines", 2),
        (TEXT + b"\n" + b'{"type": "odd"}\n5\nnull\n"x"\n[1]\n', "given", "lines", 6),
        (b'{"type": "odd"}\n' + TEXT, "given", "lines", 2),
        (b"{}\n{}", "given", "lines", 2),
    ],
)
def test_a_recording_has_the_shape_that_it_has(
    data: bytes, session_id: str, shape: str, length: int
) -> None:
    (session,) = read(data)
    assert (session.session_id, session.shape) == (session_id, shape)
    assert len(session.events) == length


def test_blanks_and_a_mark_around_a_recording_do_not_matter() -> None:
    before = [b"", BOM, b"\n", b" \r\n\t\n", BOM + b"\r\n"]
    data = [DOCUMENT, b"[" + TEXT + b"]", TEXT, TEXT + b"\n" * 9]
    after = [b"", b"\n", b"\r\n", b"\n\n \t\n"]
    for text in map(b"".join, product(before, data, after)):
        assert [[*session.events] for session in read(text)] == [[Text("a")]], text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\n \t\r\n", b"\r\n\r\n"])
def test_lines_end_in_either_way_and_may_be_blank(end: bytes) -> None:
    for last in (b"", b"\n"):
        (session,) = read(TEXT + end + TEXT + end + TEXT + last)
        assert list(session.events) == [Text("a")] * 3


def test_a_file_of_one_line_may_be_said_to_hold_lines() -> None:
    assert [session.session_id for session in read(DOCUMENT, is_lines=True)] == [
        "ses-1"
    ]


@pytest.mark.parametrize("line", [b'{"type": "odd"}', b"5", b"null", b'"x"', b"[1]"])
def test_a_file_that_is_said_to_hold_lines_may_begin_with_any_value(
    line: bytes,
) -> None:
    (session,) = read(line + b"\n" + TEXT, is_lines=True)
    assert recorded(session) == [json.loads(line), json.loads(TEXT)]


def test_lines_may_be_sessions() -> None:
    sessions = read(DOCUMENT + b"\n\n" + DOCUMENT.replace(b"ses-1", b"ses-2") + b"\r\n")
    assert [session.session_id for session in sessions] == ["ses-1", "ses-2"]
    assert [session.shape for session in sessions] == ["document", "document"]


def test_sessions_without_ids_are_called_by_their_place() -> None:
    sessions = read(b"\n".join([UNNAMED, DOCUMENT, UNNAMED]))
    assert [each.session_id for each in sessions] == ["given", "ses-1", "given-3"]


def test_sessions_are_read_one_at_a_time() -> None:
    text = SourceText(partial(io.BytesIO, DOCUMENT + b"\n" + b"{" * 9))
    sessions = read_sessions(text, session_id="x")
    assert next(sessions).session_id == "ses-1"
    with pytest.raises(DecodeError, match="line 2"):
        next(sessions)


@pytest.mark.parametrize("data", [DOCUMENT, b"[" + TEXT + b"," + TEXT + b"]"])
def test_a_document_has_no_limit(data: bytes) -> None:
    limits = Limits(event_bytes=len(TEXT))
    assert set(read(data, limits=limits)[0].events) == {Text("a")}


@pytest.mark.parametrize("data", [TEXT + b"\n" + TEXT + b"\n", b"\n" * 100 + TEXT])
def test_lines_at_the_limit_are_read_whatever_blank_ones_there_are(
    data: bytes,
) -> None:
    limits = Limits(event_bytes=len(TEXT) + 1)
    assert set(read(data, limits=limits)[0].events) == {Text("a")}


def test_many_blank_lines_are_passed_over_in_linear_time() -> None:
    assert len(read(b"\n" * 500_000 + DOCUMENT)) == 1


def test_loads_takes_text_and_calls_an_unnamed_session_so() -> None:
    assert loads("[]").session_id == "session"


def test_loads_takes_lone_halves_in_text() -> None:
    assert list(loads('[{"type": "text", "content": "\ud83d"}]').events) == [
        Text("\ud83d")
    ]


def test_loads_refuses_several_sessions_and_names_them() -> None:
    with pytest.raises(
        DecodeError, match="several sessions: 'ses-1', then 'session-2'"
    ):
        loads(DOCUMENT + b"\n" + UNNAMED)


def test_loads_can_be_strict() -> None:
    with pytest.raises(
        DecodeError, match=r"\$\[0\]\.type: no event has the type 'odd'"
    ):
        loads('[{"type": "odd"}]', strict=True)


def test_loads_takes_limits() -> None:
    with pytest.raises(LimitExceededError):
        loads("[[[[]]]]", limits=Limits(depth=1))


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
        (b"5", "an integer"),
        (b'"text"', "a string"),
        (b"null\n{}", "null"),
        (b"session_id,events\n", "other text"),
        (b"# " + b"A long heading " * 9, "other text"),
        ("é\x1b]".encode(), "other text"),
        (b"0" * 1000, "other text"),
    ],
)
def test_what_cannot_be_a_session_is_refused_and_never_quoted(
    data: bytes, shown: str
) -> None:
    assert refusal(data).reason == f"expected an object or a list, got {shown}"


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t", BOM, BOM + b"\n \n"])
@pytest.mark.parametrize("is_lines", [None, False, True])
def test_an_empty_file_is_refused(data: bytes, is_lines: bool | None) -> None:  # noqa: FBT001 - as read_sessions takes it
    assert refusal(data, is_lines=is_lines).reason == "empty"
    assert refusal(b"\n" + BOM, is_lines=True).reason == "empty"


@pytest.mark.parametrize("data", [b"\xff", b"\x1f\x8b\x08", b"\xef\xbb"])
@pytest.mark.parametrize("is_lines", [None, True])
def test_what_is_no_text_is_refused(data: bytes, is_lines: bool | None) -> None:  # noqa: FBT001 - as read_sessions takes it
    assert refusal(data, is_lines=is_lines).reason == "not UTF-8 text"


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    texts = [DOCUMENT, b"[\n" + TEXT + b"\n]", TEXT + b"\n" + TEXT]
    texts += [b"[]", b"[1]", b"\t[1]", '{"a": "é"}'.encode()]
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
@pytest.mark.parametrize(
    ("first", "strict"), [(TEXT, True), (DOCUMENT, True), (DOCUMENT, False)]
)
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
    bad: bytes, where: str, first: bytes, end: bytes, *, strict: bool
) -> None:
    data = end.join([b"", first, b" ", bad, first])
    assert refusal(data, strict=strict).where == where


def test_a_line_that_is_known_but_too_deep_is_refused_by_its_number() -> None:
    call = {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {"a": [[]]}}
    lines = TEXT + b"\n\n" + json.dumps(call).encode()
    error = refusal(lines, limits=Limits(depth=2))
    assert error.where == "line 3, $"


def test_a_first_line_that_is_bad_is_refused_by_its_number() -> None:
    for data in (b'\n\n{"a" 1}\n{}', b'\n\n{"a" 1}\n[]'):
        refused = refusal(data, is_lines=True, strict=True)
        assert refused.where == "line 3, column 6"
    none_is_json = refusal(b'\n\n{"a" 1}\n{"a" 2}', is_lines=True)
    assert none_is_json.where == "line 3, column 6"


def test_a_value_that_cannot_be_kept_is_refused_by_its_line() -> None:
    for value in (b"1e999", b"NaN", b"9" * 5000):
        data = b"\n".join([TEXT, b'{"a": %b}' % value, TEXT])
        assert refusal(data).where == "line 2, $.a"
    assert refusal(TEXT + b"\n" + b"[" * 99_999 + b"\n").where == "line 2, $"


def test_sessions_on_good_lines_are_read_in_spite_of_bad_ones() -> None:
    bad = [b'{"events": [', b"\0\0\0", DOCUMENT * 2, TEXT, b" " * 200]
    data = b"\n".join([b"\0" + DOCUMENT, DOCUMENT, *bad, DOCUMENT])
    text = SourceText(partial(io.BytesIO, data), "the-file")
    limits = Limits(event_bytes=199)
    found = read_sessions(text, session_id="a", is_lines=True, limits=limits)
    errors: list[Any] = []
    assert len([*readable(found, errors.append)]) == 2
    assert [each.where.partition(",")[0] for each in errors] == [
        f"line {number}" for number in (1, 3, 4, 5, 6, 7)
    ]
    assert {each.source for each in errors} == {"the-file"}


@pytest.mark.parametrize("line", [b"{}", b"5", TEXT, b'{"events": null}'])
def test_a_line_that_is_no_session_among_sessions_is_refused(line: bytes) -> None:
    error = refusal(DOCUMENT + b"\n\n" + line)
    assert (error.where, error.reason) == (
        "line 3",
        "not a session, as the lines before are",
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


damaged = st.builds(
    lambda place, put, gone: DOCUMENT[:place] + put + DOCUMENT[place + gone :],
    st.integers(0, len(DOCUMENT)),
    st.binary(max_size=20),
    st.integers(0, 4),
)


@given(st.binary(max_size=60) | damaged)
def test_any_bytes_are_a_session_or_a_decode_error(data: bytes) -> None:
    for is_lines in (None, True):
        try:
            assert read(data, is_lines=is_lines)
        except DecodeError as error:
            assert error.reason  # noqa: PT017 - it may also be read


def suite(shared: Path, folder: str, start: str) -> dict[str, bytes]:
    """Return the suite's files, each as the value of a tool result."""
    head, tail = AROUND_RESULT
    files = sorted((shared / "torture/json_test_suite" / folder).glob(f"{start}*.json"))
    assert files
    return {file.name: head + file.read_bytes() + tail for file in files}


def result_of(data: bytes) -> object:
    (event,) = loads(data).events
    assert isinstance(event, ToolResult)
    return event.result


def test_every_json_that_must_be_accepted_is_given_back_equal(shared: Path) -> None:
    for name, data in suite(shared, "test_parsing", "y_").items():
        value = json.loads(data)["events"][0]["result"]
        assert (name, repr(result_of(data))) == (name, repr(value))
        assert (name, repr(result_of(dumps(loads(data))))) == (name, repr(value))


def test_every_json_that_must_be_refused_is_refused(shared: Path) -> None:
    for name, data in suite(shared, "test_parsing", "n_").items():
        error = refusal(data)
        assert (name, bool(error.where and error.reason)) == (name, True)


@pytest.mark.parametrize(
    ("folder", "start"), [("test_parsing", "i_"), ("test_transform", "")]
)
def test_json_that_may_be_refused_is_refused_or_given_back_equal(
    shared: Path, folder: str, start: str
) -> None:
    for name, data in suite(shared, folder, start).items():
        try:
            value = result_of(data)
        except DecodeError as error:
            assert error.reason  # noqa: PT017 - it may also be read
        else:
            assert (name, repr(value)) == (
                name,
                repr(json.loads(data)["events"][0]["result"]),
            )
            assert (name, repr(result_of(dumps(loads(data))))) == (name, repr(value))


def refusal_of_large(data: bytes) -> DecodeError:
    """Return the error for a text that isn't kept in memory."""
    text = SourceText(partial(io.BytesIO, data), kept=9, block=1000)
    with pytest.raises(DecodeError) as caught:
        list(read_sessions(text, session_id="given"))
    return caught.value


@pytest.mark.parametrize("limit", [0, 9000])
def test_an_integer_of_4301_digits_is_refused_even_if_this_python_reads_it(
    limit: int,
) -> None:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(limit)
    try:
        for event in (
            b'{"type":"odd","x":%b}',
            b'{"type":"tool_result","call_id":"","name":"","result":%b}',
            b'{"type":"stop","usage":{"turns":%b},"is_error":false,"error":null}',
        ):
            text = b'{"events":[%b]}' % (event % (b"9" * 4301))
            for error in (refusal(text), refusal_of_large(text)):
                assert error.reason == "an integer of more than 4300 digits"
        read(b'[{"type":"text","content":"%b"}]' % (b"9" * 4301))
    finally:
        sys.set_int_max_str_digits(before)
