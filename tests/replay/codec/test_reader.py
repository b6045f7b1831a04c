import io
import json
from functools import partial
from itertools import product

import pytest

from reading import BOM, DOCUMENT, TEXT, UNNAMED, read
from replay.codec.reader import loads, read_sessions
from replay.codec.stored_history import SourceText
from replay.errors import DecodeError, LimitExceededError
from replay.model.events import Text, UnknownEvent
from replay.model.limits import Limits
from replay.model.sessions import Session


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


def test_a_byte_order_mark_is_diagnosed() -> None:
    (session,) = read(BOM + DOCUMENT)
    assert [each.code for each in session.diagnostics] == ["byte-order-mark"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\n \t\r\n", b"\r\n\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_lines_end_in_either_way_and_may_be_blank(end: bytes, last: bytes) -> None:
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


def test_lines_at_the_limit_are_read() -> None:
    limits = Limits(event_bytes=len(TEXT) + 1)
    assert len(read(TEXT + b"\n" + TEXT + b"\n", limits=limits)[0].events) == 2


def test_blank_lines_before_the_first_do_not_count_to_its_length() -> None:
    limits = Limits(event_bytes=len(TEXT) + 1)
    data = b"\n" * 100 + TEXT + b"\n" + TEXT
    assert len(read(data, limits=limits)[0].events) == 2


@pytest.mark.parametrize("data", [DOCUMENT, b"[" + TEXT + b"," + TEXT + b"]"])
def test_a_document_has_no_limit(data: bytes) -> None:
    limits = Limits(event_bytes=len(TEXT))
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


def test_an_entry_that_is_no_object_is_an_unknown_event() -> None:
    assert list(loads("[5, null]").events) == [UnknownEvent(5), UnknownEvent(None)]
