import json
from collections.abc import Callable

import pytest

from json_values import nested
from replay.codec.checks import Checks
from replay.codec.documents import Line, Reader
from replay.errors import DecodeError, LimitExceededError
from replay.model.events import Text, ToolCall
from replay.model.limits import Limits
from replay.model.sessions import Session

TEXT = {"type": "text", "content": "a"}


WRONG = {"type": "text", "content": None}


CALL = {"type": "tool_call", "call_id": "c", "name": "n"}


def reader(*, strict: bool = False, limits: Limits | None = None) -> Reader:
    return Reader("given", Checks(strict, limits or Limits()))


def lines(*values: object) -> list[Line]:
    return [
        Line(number * 10, json.dumps(each).encode(), 0)
        for number, each in enumerate(values)
    ]


def of_document(reader: Reader, value: object) -> Session:
    return reader.document(json.dumps(value).encode())


def of_lines(reader: Reader, *values: object) -> Session:
    events, oddities = reader.events(lines(*values))
    return reader.without_header(events, "lines", oddities)


Reading = Callable[[Reader, object], Session]


#: How an event gets into a session, and its path there.
SHAPES: list[tuple[Reading, str]] = [
    (
        lambda read, event: of_document(read, {"events": [TEXT, event]}),
        "$.events[1]",
    ),
    (lambda read, event: of_document(read, [TEXT, event]), "$[1]"),
    (lambda read, event: of_lines(read, TEXT, event), "line 10, $"),
]


in_each_shape = pytest.mark.parametrize(
    ("reading", "where"), SHAPES, ids=["document", "list", "lines"]
)


@in_each_shape
def test_strict_reading_refuses_a_malformed_event_by_its_path(
    reading: Reading, where: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        reading(reader(strict=True), WRONG)
    assert str(caught.value) == f"{where}.content: expected a string, got null"


@in_each_shape
def test_strict_reading_refuses_an_unknown_event_by_its_path(
    reading: Reading, where: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        reading(reader(strict=True), {"type": "odd"})
    assert str(caught.value) == f"{where}.type: no event has the type 'odd'"


@in_each_shape
def test_strict_reading_takes_what_is_right(reading: Reading, where: str) -> None:
    assert list(reading(reader(strict=True), TEXT).events) == [Text("a")] * 2, where


def test_strict_reading_refuses_a_single_event_by_its_path() -> None:
    with pytest.raises(DecodeError, match=r"^\$\.content: expected"):
        of_document(reader(strict=True), WRONG)


@in_each_shape
def test_a_field_of_an_event_may_be_as_deep_as_the_limit(
    reading: Reading, where: str
) -> None:
    session = reading(reader(), CALL | {"arguments": {"x": nested(199)}})
    call = session.events[1]
    assert isinstance(call, ToolCall), where
    assert call.arguments == {"x": nested(199)}


@in_each_shape
def test_a_field_of_an_event_past_the_limit_is_refused_by_its_event(
    reading: Reading, where: str
) -> None:
    with pytest.raises(LimitExceededError) as caught:
        reading(reader(), CALL | {"arguments": {"x": nested(200)}})
    assert caught.value.where == where
    assert caught.value.reason == "nested deeper than 200 levels"
    assert caught.value.hint == "raise Limits(depth=…)"


@in_each_shape
def test_the_limit_of_depth_can_be_raised(reading: Reading, where: str) -> None:
    raised = reader(limits=Limits(depth=500))
    session = reading(raised, CALL | {"arguments": {"x": nested(499)}})
    call = session.events[1]
    assert isinstance(call, ToolCall), where
    assert call.arguments == {"x": nested(499)}


def test_a_header_may_be_as_deep_as_the_limit() -> None:
    session = of_document(reader(), {"x": nested(200), "events": []})
    assert session.extra == {"x": nested(200)}


def test_a_header_past_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceededError, match=r"^\$: nested deeper than 200 levels"):
        of_document(reader(), {"x": nested(201), "events": []})


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"events": [TEXT, TEXT | {"content": "a" * 99}]}, "$.events[1]"),
        ([TEXT, TEXT | {"content": "a" * 99}], "$[1]"),
        (TEXT | {"content": "a" * 99}, "$"),
    ],
)
def test_an_event_past_the_limit_is_refused_by_its_path(
    value: object, where: str
) -> None:
    small = reader(limits=Limits(event_bytes=99))
    with pytest.raises(LimitExceededError) as caught:
        small.document(json.dumps(value).encode())
    assert caught.value.where == where
    assert caught.value.reason == "longer than 99 bytes"
    assert caught.value.hint == "raise Limits(event_bytes=…)"


def test_an_event_is_measured_as_it_would_be_written() -> None:
    exact = len(b'{"type":"text","content":"a"}')
    spacious = json.dumps([TEXT, TEXT], indent=40).encode()
    session = reader(limits=Limits(event_bytes=exact)).document(spacious)
    assert len(session.events) == 2


TWICE = b'{"type": "text", "content": "a", "x": 1, "\\u0078": 2}'


def test_what_was_odd_about_a_document_is_diagnosed() -> None:
    document = b'{"a": 1, "a": 2, "events": [{"type": "text", "content": ""}]}'
    (diagnostic,) = reader().document(document).diagnostics
    assert (diagnostic.code, diagnostic.index) == ("duplicate-key", None)
    assert diagnostic.detail == "the key 'a'"


@pytest.mark.parametrize("shape", [b"[%b]", b"%b"])
def test_what_was_odd_about_a_list_or_an_event_is_diagnosed(shape: bytes) -> None:
    marked = b"\xef\xbb\xbf" + shape % TWICE  # the judge reads it
    codes = [each.code for each in reader().document(marked).diagnostics]
    assert codes == ["byte-order-mark", "duplicate-key"]


def test_what_was_odd_about_any_line_is_diagnosed() -> None:
    twice = b'{"\\u0061": 1, "a": 2}'
    _, oddities = reader().events([Line(1, b"{}", 0), *[Line(2, twice, 0)] * 2])
    assert [code for code, _ in oddities] == ["duplicate-key"] * 2


def test_a_session_keeps_everything_its_header_says() -> None:
    document = {
        "x": 1,
        "generated_title": "What?",
        "events": [],
        "session_id": "ses-1",
        "last_updated_at": "2026-04-22T12:34:41.342245",
        "index_ids": ["idx-1"],
        "job_metadata": {"turns": 2},
        "shared_access": "query",
    }
    session = of_document(reader(), document)
    assert session.session_id == "ses-1"
    assert session.as_object() == document | {"events": None}
