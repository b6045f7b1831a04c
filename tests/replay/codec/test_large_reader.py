"""Sessions too large for memory, and places in their text."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_values import nested
from reading import read as kept
from recorded_sessions import documents, first_lines, recorded_events
from replay import DecodeError, LimitExceededError, Limits, Session, dumps, transcript
from replay.codec.error_places import TextPosition, position_of
from replay.codec.history import DecodedEvents, KnownEvents
from replay.codec.json_scan import MARK
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText, StoredEvents

DELTA = b'{"type": "text_delta", "content": "a"}'
blocks = st.integers(1, 200)


def read(data: bytes, block: int, **options: Any) -> list[Session]:  # noqa: ANN401 - of read_sessions
    """Return the sessions of a text that isn't kept."""
    text = SourceText(partial(io.BytesIO, data), kept=len(data) - 1, block=block)
    return list(read_sessions(text, session_id="given", **options))


def outcome(reading: Callable[[], list[Session]]) -> object:
    """Return a text's sessions, or the error that it ends in."""
    try:
        return [
            (dumps(each), transcript(each), sorted(each.diagnostics, key=repr))
            for each in reading()
        ]
    except DecodeError as error:
        return type(error), error.where, error.reason, error.hint


def texts(value: Any) -> st.SearchStrategy[bytes]:  # noqa: ANN401 - any JSON value
    """Return the texts of a JSON value."""
    return st.builds(
        partial(json.dumps, value),
        ensure_ascii=st.booleans(),
        indent=st.none() | st.integers(0, 2),
    ).map(lambda text: text.encode("utf-8", "backslashreplace"))


def lines_of(values: list[Any]) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in values)


event_lists = st.lists(recorded_events)


blanks = st.sampled_from([b"", b" ", b"\t\n", b"\r\n\r\n", b" " * 300])
ends = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def dressed(draw: st.DrawFn, data: st.SearchStrategy[bytes]) -> bytes:
    """Return texts with any line end, and perhaps a mark and blanks around them."""
    marks = st.sampled_from([b"", MARK])
    text = draw(data).replace(b"\n", draw(ends))
    return b"".join([draw(marks), draw(blanks), text, draw(blanks)])


documents_in_text = dressed((documents | st.lists(recorded_events)).flatmap(texts))


@given(documents_in_text, blocks)
def test_a_document_is_the_same_whether_it_is_kept_or_not(
    data: bytes, block: int
) -> None:
    assert outcome(partial(read, data, block)) == outcome(partial(kept, data))


lines_in_text = dressed(
    st.builds(lambda first, rest: lines_of([first, *rest]), first_lines, event_lists)
    | st.lists(documents, min_size=1, max_size=3).map(lines_of)
)


@given(lines_in_text, blocks)
def test_lines_are_the_same_whether_they_are_kept_or_not(
    data: bytes, block: int
) -> None:
    assert outcome(partial(read, data, block)) == outcome(partial(kept, data))


#: Pieces that break a text, or change what it is.
BREAKING = [b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\n", b"\xff", b"\xc3", b"\0"]
BREAKING += [b"1", b"NaN", b"1e999", MARK, b'"events":[{}]', b'"a":', b"[" * 250]


@given(
    documents_in_text | lines_in_text,
    st.integers(0),
    st.sampled_from(BREAKING) | st.just(b""),
    st.integers(0, 4),
    blocks,
    st.booleans(),
)
def test_a_damaged_text_is_refused_in_the_same_words_whether_it_is_kept_or_not(  # noqa: PLR0913, PLR0917 - all that damage is
    data: bytes,
    place: int,
    inserted: bytes,
    deleted: int,
    block: int,
    strict: bool,  # noqa: FBT001 - Hypothesis passes it so
) -> None:
    at = place % (len(data) + 1)
    data = data[:at] + inserted + data[at + deleted :]
    one = outcome(partial(read, data, block, strict=strict))
    assert one == outcome(partial(kept, data, strict=strict))


@given(documents_in_text, st.integers(0), st.sampled_from('{}[],"\\\n'))
def test_broken_json_is_told_by_the_place_that_json_gives(
    data: bytes, place: int, inserted: str
) -> None:
    text = data.decode().removeprefix("\ufeff")
    at = place % (len(text) + 1)
    text = text[:at] + inserted + text[at:]
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        value, gap = text[: error.pos].strip(), text[: error.pos].lstrip()
        is_line = value.startswith("{") and "\n" not in value and "\n" in gap
        if text.lstrip()[:1] in {"{", "["} and not is_line:  # else others are lines
            where = f"line {error.lineno}, column {error.colno}"
            assert place_of_fault(partial(read, block=40), text.encode()) == where


@pytest.mark.parametrize("block", [1, 7, 64, 500, 1 << 20])
def test_every_recorded_session_is_the_same(block: int, shared: Path) -> None:
    for path in sorted((shared / "corpus/sessions").iterdir())[:: 1 + block // 1000]:
        data = path.read_bytes()
        assert outcome(partial(read, data, max(block, 64))) == outcome(
            partial(kept, data)
        )


def test_the_events_of_a_large_text_are_not_kept() -> None:
    (session,) = read(b"[" + b",".join([DELTA] * 9) + b"]", 50)
    assert isinstance(session.events, StoredEvents)
    assert len(session.events) == 9


@pytest.mark.parametrize("form", [b"[%b]", b'{"events": [%b]}'])
def test_values_of_a_text_in_memory_are_kept_only_if_they_are_few_or_known(
    form: bytes,
) -> None:
    kinds = []
    for event, count in ((DELTA, 9), (b"{}", 9), (b"{}", 99)):
        data = form % b",".join([event] * count)
        text = SourceText(partial(io.BytesIO, data), block=100)
        (session,) = read_sessions(text, session_id="given")
        assert len(list(session.events)) == count
        kinds.append(type(session.events))
    assert kinds == [KnownEvents, DecodedEvents, StoredEvents]


@pytest.mark.parametrize(
    "data", [b"[]", b"[ ]", b'{"events": [] }', b'{"events":[\n]}']
)
def test_no_events_are_a_session(data: bytes) -> None:
    (session,) = read(data, 3)
    assert list(session.events) == []


@pytest.mark.parametrize("blanks", [1, 50, 1000])
def test_blanks_may_be_longer_than_what_is_held(blanks: int) -> None:
    space = b" \t\r\n" * blanks
    data = space.join([b"", b"[", DELTA, b",", DELTA, b"]", b""])
    (session,) = read(data, 10)
    assert len(session.events) == 2


@pytest.mark.parametrize(
    "header",
    [
        {"generated_title": 'x "events": [ y', "events": []},
        {"x": {"events": [{"a": 1}]}, "events": []},
        {"x": [{"events": [1]}], "events": [], "y": [{"events": []}]},
        {'a"events': [{}], "events": []},
        {'a\\"events': [{}], "events": []},
        {'"events': [{}], "events": []},
    ],
)
def test_events_are_found_at_the_root_only(header: dict[str, object]) -> None:
    header["events"] = [json.loads(DELTA)] * 3
    data = json.dumps(header).encode()
    for (session,) in (read(data, 20), kept(data)):
        assert len(session.events) == 3
        assert json.loads(dumps(session)) == header


def test_a_key_that_ends_in_the_word_holds_no_events() -> None:
    for reading in (partial(read, block=20), kept):
        with pytest.raises(DecodeError, match="no list of events"):
            reading(b'{"a\\"events":[%b]}' % DELTA)


#: Malformed recordings, and the place of their error.
FAULTY = [
    (b'[{"type": "text_delta"} x]', "line 1, column 25"),
    (b"[%b,\n%b,\n{]" % (DELTA, DELTA), "line 3, column 2"),
    (b"[%b,\n%b {}]" % (DELTA, DELTA), "line 2, column 40"),
    (b"[%b,\n  %b" % (DELTA, DELTA), "line 2, column 41"),
    (b"[%b,\n{%b" % (DELTA, b'"type": "te'), "line 2, column 10"),
    ('[{"type": "é"}, {"type": "é"} x]'.encode(), "line 1, column 31"),
    (b'[%b, {"a": 1e999}]' % DELTA, "$[1].a"),
    (b'[%b, {"a": "\xff"}]' % DELTA, "byte 48"),
    (b"[%b]\n]" % DELTA, "line 2, column 1"),
    (b'{"events": [%b], "session_id": 5}' % DELTA, "$.session_id"),
    (b'{"events": [%b], "a" 5}' % DELTA, "line 1, column 58"),
    (b'{"events": [%b]\n' % DELTA, "line 2, column 1"),
    (b'{"events": [%b], "events": []}' % DELTA, "$.events"),
    (b'{"a" 5, "events": [%b]}' % DELTA, "line 1, column 6"),
    (b'{"events": [%b]} {}' % DELTA, "line 1, column 54"),
    (b'{"events": [%b]\n}\n{}' % DELTA, "line 3, column 1"),
    (MARK + b'{"events":[{"type":"text","content":01}]}', "line 1, column 38"),
    (b'{"a": "events":[%b], "events": [%b]}' % (DELTA, DELTA), "line 1, column 15"),
    (b'{"a" 5, "events": [%b}' % DELTA, "line 1, column 6"),
    (b'[1e999, %b] "\xff"' % DELTA, "line 1, column 49"),
    (b'{} "a":', "line 1, column 4"),
    (b'{"a": 1e999}\n{}', "line 1, $.a"),
    (b'\n\n{"events": [1e999]}\n{"events": []}', "line 3, $.events[0]"),
    (b"[%b x, \xff]" % DELTA, "line 1, column 41"),
    (b"[%b,\0,{}]" % DELTA, "line 1, column 41"),
    (b'{"events":[\0{}]}', "line 1, column 12"),
]


def place_of_fault(reading: Callable[[bytes], object], data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        reading(data)
    return caught.value.where


@pytest.mark.parametrize("block", [8, 45, 1000])
def test_what_is_wrong_is_told_by_its_place_as_of_a_text_that_is_kept(
    block: int,
) -> None:
    reading = partial(read, block=block)
    for data, where in FAULTY:
        assert place_of_fault(reading, data) == place_of_fault(kept, data) == where
    for data in b"[%b,\n  %b,]" % (DELTA, DELTA), b"[" + b"[" * 2000:
        assert place_of_fault(reading, data) == place_of_fault(kept, data)


@pytest.mark.parametrize("block", [60, 1000])
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (DELTA.replace(b'"a"', b'"' + b"a" * 99 + b'"'), "longer than 99 bytes"),
        (json.dumps({"x": nested(300)}).encode(), "nested deeper than 200 levels"),
    ],
)
def test_an_event_past_a_limit_is_refused_by_its_path(
    event: bytes, reason: str, block: int
) -> None:
    data = b'{"events": [' + DELTA + b"," + event + b"]}"
    limits = Limits(event_bytes=99) if b"deeper" not in reason.encode() else Limits()
    with pytest.raises(LimitExceededError) as caught:
        read(data, block, limits=limits)
    assert (caught.value.where, caught.value.reason) == ("$.events[1]", reason)


def test_an_event_that_never_ends_is_refused_at_the_limit() -> None:
    data = b'[{"type": "text", "content": "' + b"a" * 10_000
    with pytest.raises(LimitExceededError, match=r"^\$\[0\]"):
        read(data, 10, limits=Limits(event_bytes=500))


@pytest.mark.parametrize(
    ("data", "side"),
    [
        (b'{"x": "%b", "events": []}' % (b"a" * 500), "before"),
        (b'{"events": [%b], "x": "%b"}' % (DELTA, b"a" * 500), "after"),
    ],
)
def test_a_header_past_the_limit_is_refused(data: bytes, side: str) -> None:
    with pytest.raises(LimitExceededError, match=f"more than 99 bytes {side}"):
        read(data, 10, limits=Limits(event_bytes=99))


def test_strict_reading_refuses_what_is_not_known_by_its_path() -> None:
    data = b"[" + b",".join([DELTA] * 5) + b', {"type": "odd"}]'
    assert place_of_fault(partial(read, block=50, strict=True), data) == "$[5].type"


def test_a_document_on_one_line_may_be_followed_by_others() -> None:
    line = b'{"session_id": "%d", "events": [' + DELTA + b"]}\n"
    data = line % 1 + b"\n" + line % 2
    text = SourceText(partial(io.BytesIO, data), kept=20, block=10)
    sessions = read_sessions(text, session_id="given")
    assert [each.session_id for each in sessions] == ["1", "2"]


LONG = DELTA.replace(b'"a"', b'"' + b"a" * 200 + b'"')


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([LONG, DELTA], 2),
        ([LONG, b"", b" ", DELTA, DELTA], 3),
        ([b"\xef\xbb\xbf" + LONG, DELTA], 2),
        ([LONG, b'{"events": [%b]}' % DELTA], 2),
        ([LONG], 1),
    ],
)
def test_a_first_line_may_be_longer_than_what_is_kept(
    lines: list[bytes], count: int
) -> None:
    text = SourceText(partial(io.BytesIO, b"\n".join(lines)), kept=50, block=10)
    (session,) = read_sessions(text, session_id="given")
    assert (session.shape, len(list(session.events))) == ("lines", count)


def test_a_long_first_line_may_follow_blank_ones() -> None:
    line = b'{"session_id": "%d", "events": [' + DELTA + b"]}"
    for first in (b"\n", b"\r\n \n" * 50, MARK + b"\n"):
        for rest in ([line % 1, line % 2], [LONG, DELTA]):
            data = first + b"\n".join(rest)
            assert outcome(partial(read, data, 10)) == outcome(partial(kept, data))
            assert not isinstance(outcome(partial(read, data, 10)), tuple)


def test_sessions_after_a_long_one_have_no_limit_together() -> None:
    data = b'{"events": []}\n' * 40
    text = SourceText(partial(io.BytesIO, data), kept=5, block=10)
    limits = Limits(event_bytes=100)
    assert len(list(read_sessions(text, session_id="given", limits=limits))) == 40


def test_blanks_before_the_first_value_may_be_longer_than_what_is_kept() -> None:
    text = SourceText(partial(io.BytesIO, b"\n" * 99 + b"[]"), kept=50, block=10)
    (session,) = read_sessions(text, session_id="given")
    assert session.shape == "list"


@pytest.mark.parametrize("first", [b"\xef\xbb\xbf\n", b"\n \n", b""])
def test_lines_are_walked_whatever_stands_before_the_first(first: bytes) -> None:
    (session,) = read(first + DELTA + b"\n\n" + DELTA + b"\n", 45, is_lines=True)
    assert len(list(session.events)) == len(session.events) == 2


def counted(data: bytes, kept: int, block: int) -> tuple[SourceText, list[int]]:
    """Return a text, and the number of bytes read from it each time."""
    sizes: list[int] = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            sizes.append(size or 0)
            return super().read(size)

    return SourceText(partial(Counted, data), kept=kept, block=block), sizes


def test_blank_lines_are_not_read_with_the_lines_around_them() -> None:
    data = DELTA + b"\n" + b"\n" * 10_000 + DELTA + b"\n"
    text, sizes = counted(data, kept=100, block=64)
    (session,) = read_sessions(text, session_id="given")
    sizes.clear()
    assert len(list(session.events)) == 2
    assert max(sizes) < 100


@pytest.mark.parametrize("wrong", [b",", b":", b"}", b",]"])
def test_what_is_no_value_is_refused_before_more_is_read(wrong: bytes) -> None:
    data = b"[%b,%b" % (DELTA, wrong) + b" " + DELTA * 100 + b"]"
    with pytest.raises(DecodeError) as caught:
        read(data, 50, limits=Limits(event_bytes=500))
    assert not isinstance(caught.value, LimitExceededError)
    assert caught.value.where == "line 1, column 41"


def test_events_far_apart_are_read_in_linear_time() -> None:
    gaps = [b" " * (number % 50) for number in range(2_000)]
    data = b"[" + DELTA + b"".join(b",%b%b" % (gap, DELTA) for gap in gaps) + b"]"
    text, held = counted(data, kept=1_000, block=10_000)
    (session,) = read_sessions(text, session_id="given")
    assert len(session.events) == 2_001
    assert len(held) < 100


def test_lists_of_events_that_are_none_are_passed_over_in_linear_time() -> None:
    def calls(count: int) -> int:
        data = b'{"x":' + b"[" * count + b'"events":[,' * count
        tracemalloc.start()
        try:
            with pytest.raises(DecodeError):
                kept(data)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert calls(20_000) < 3 * calls(10_000)


def test_a_mark_and_a_key_given_twice_are_diagnosed() -> None:
    odd = b'{"type": "\\ud800", "a": 1, "a": 2}'
    for data in (b"[%b, %b]", b'{"events": [%b, %b]}'):
        (session,) = read(b"\xef\xbb\xbf" + data % (DELTA, odd), 20)
        codes = [each.code for each in session.diagnostics]
        assert codes == ["byte-order-mark", "duplicate-key"]


def test_a_packed_text_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"[" + b",".join([DELTA] * 9) + b"]"))
    text = SourceText(partial(gzip.open, path), kept=0, block=50)  # type: ignore[arg-type]  # bytes, by default
    (session,) = read_sessions(text, session_id="given")
    assert len(list(session.events)) == len(list(session.events)) == 9


MEGABYTE = b"x" * (1 << 20)


def found(data: bytes, offset: int) -> TextPosition:
    return position_of(SourceText(partial(io.BytesIO, data)), offset)


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
    assert found(before + b"!", len(before)) == TextPosition(len(before), line, column)
