"""Checks of documents, lists and lines, and the lines themselves."""

import io
import json
from collections.abc import Callable

import pytest

from json_values import nested
from replay import DecodeError, LimitExceededError, Limits, Session, Text, ToolCall
from replay.codec.checks import Checks
from replay.codec.documents import Line, Reader, groups, lines, lines_of_any_length

TEXT = {"type": "text", "content": "a"}
WRONG = {"type": "text", "content": None}
CALL = {"type": "tool_call", "call_id": "c", "name": "n"}


def reader(*, strict: bool = False, limits: Limits | None = None) -> Reader:
    return Reader("given", Checks(strict, limits or Limits()))


def numbered(*values: object) -> list[Line]:
    return [
        Line(number * 10, json.dumps(each).encode(), 0)
        for number, each in enumerate(values)
    ]


def of_document(reader: Reader, value: object) -> Session:
    return reader.document(json.dumps(value).encode())


def of_lines(reader: Reader, *values: object) -> Session:
    events, oddities = reader.events(numbered(*values))
    return reader.without_header(events, "lines", oddities)


Reading = Callable[[Reader, object], Session]
#: Functions that put an event into a session, and its path there.
in_each_shape = pytest.mark.parametrize(
    ("reading", "where"),
    [
        (
            lambda read, event: of_document(read, {"events": [TEXT, event]}),
            "$.events[1]",
        ),
        (lambda read, event: of_document(read, [TEXT, event]), "$[1]"),
        (lambda read, event: of_lines(read, TEXT, event), "line 10, $"),
    ],
    ids=["document", "list", "lines"],
)


@in_each_shape
def test_strict_reading_refuses_what_is_no_event_by_its_path(
    reading: Reading, where: str
) -> None:
    strict = reader(strict=True)
    assert list(reading(strict, TEXT).events) == [Text("a")] * 2
    wrong: list[tuple[object, str]] = [
        (WRONG, "content: expected a string, got null"),
        ({"type": "odd"}, "type: no event has the type 'odd'"),
    ]
    for event, said in wrong:
        with pytest.raises(DecodeError) as caught:
            reading(strict, event)
        assert str(caught.value) == f"{where}.{said}"
    with pytest.raises(DecodeError, match=r"^\$\.content: expected"):
        of_document(strict, WRONG)


@in_each_shape
@pytest.mark.parametrize("depth", [200, 500])
def test_a_field_of_an_event_may_be_as_deep_as_the_limit(
    reading: Reading, where: str, depth: int
) -> None:
    deep = {"x": nested(depth - 1)}
    limits = Limits(depth=depth)
    session = reading(reader(limits=limits), CALL | {"arguments": deep})
    call = session.events[1]
    assert isinstance(call, ToolCall), where
    assert call.arguments == deep


@in_each_shape
@pytest.mark.parametrize("width", [0, 300])
def test_a_field_of_an_event_past_the_limit_is_refused_by_its_event(
    reading: Reading, where: str, width: int
) -> None:
    for wide in ([*[[]] * width, nested(200)], [nested(200), *[[]] * width]):
        with pytest.raises(LimitExceededError) as caught:
            reading(reader(), CALL | {"arguments": {"x": wide}})
        assert caught.value.where == where
        assert caught.value.reason == "nested deeper than 200 levels"
        assert caught.value.hint == "raise Limits(depth=…)"


def test_a_header_past_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceededError, match=r"^\$: nested deeper than 200 levels"):
        of_document(reader(), {"x": nested(201), "events": []})


LONG = TEXT | {"content": "a" * 99}


@pytest.mark.parametrize(
    ("value", "where"),
    [({"events": [TEXT, LONG]}, "$.events[1]"), ([TEXT, LONG], "$[1]"), (LONG, "$")],
)
def test_an_event_past_the_limit_is_refused_by_its_path(
    value: object, where: str
) -> None:
    with pytest.raises(LimitExceededError) as caught:
        of_document(reader(limits=Limits(event_bytes=99)), value)
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


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"1\n12345678\n2\n", [(1, b"1\n", 2), (2, b"12345", 7), (3, b"2\n", 13)]),
        (b"1234\n2\n", [(1, b"1234\n", 5), (2, b"2\n", 7)]),
        (b"123456789", [(1, b"12345", 5)]),
    ],
)
def test_of_a_longer_line_the_beginning_is_kept_and_the_rest_passed_over(
    data: bytes, found: list[tuple[int, bytes, int]]
) -> None:
    read = lines_of_any_length(io.BytesIO(data), 4)
    assert [(line.number, line.text, line.end) for line in read] == found


def test_lines_can_be_read_from_the_middle_of_a_text() -> None:
    file = io.BytesIO(b"1\n\n22\n3\n")
    file.seek(3)
    found = [*lines_of_any_length(file, 8, offset=3, before=2)]
    assert found == [Line(3, b"22\n", 6), Line(4, b"3\n", 8)]


def test_lines_are_grouped_up_to_a_block() -> None:
    assert grouped(b"1\n2\n3\n4444\n5\n", 4) == [[1, 2], [3], [4], [5]]
    assert grouped(b"\n \n", 4) == []
