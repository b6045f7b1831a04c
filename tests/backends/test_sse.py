"""Server-sent events: bytes to frames, and frames to events."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from httpx_sse._decoders import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

import replay
from replay.errors import DecodeError, LimitExceededError
from replay.model.diagnostics import Diagnostic
from replay.model.events import Event, TextDelta, UnknownEvent, UserInput
from replay.model.limits import Limits
from replay_backends.sse import Decoder, EventDecoder, Frame

PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b"\r\n", b"\n\n", b":", b": ping", b" "),
        *(b"\0", b"\xff", b"\xc3"),
        *(b"data", b"data:", b"data: x", b"event: delta", b"event:", b"event"),
        *(b"id: 1", b"retry: 1", b"\xef\xbb\xbf"),
        *("ü".encode(), "\u2028\u0085".encode()),
    ]
)
STREAMS = st.lists(PIECES, max_size=30).map(b"".join)


def frames(*chunks: bytes) -> list[Frame]:
    decoder = Decoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return *data* cut at *places*."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@given(STREAMS, st.lists(st.integers(0, 1000), max_size=8))
def test_frames_are_the_same_however_the_bytes_are_cut(
    stream: bytes, places: list[int]
) -> None:
    whole = frames(stream)
    assert frames(*cut(stream, places)) == whole
    assert frames(*(stream[i : i + 1] for i in range(len(stream)))) == whole


@given(STREAMS)
def test_what_httpx_sse_decodes_of_right_lines_is_decoded(stream: bytes) -> None:
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    decoder = SSEDecoder()
    found = [event for line in lines if (event := decoder.decode(line))]
    # It also gives frames without data where they have a name or an id.
    theirs = [(each.event, each.data) for each in found if each.data]
    assert [frame[:2] for frame in frames(stream) if frame.data] == theirs


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [("message", "a")]),
        (b"data:a\n\n", [("message", "a")]),
        (b"data:  a\n\n", [("message", " a")]),
        (b"data\n\n", [("message", "")]),
        (b"data: a\ndata: b\n\n", [("message", "a\nb")]),
        (b"data: a\r\rdata: b\r\n\r\n", [("message", "a"), ("message", "b")]),
        (b"event: delta\ndata: a\n\ndata: b\n\n", [("delta", "a"), ("message", "b")]),
        (b"event: a\nevent: b\ndata: a\n\n", [("b", "a")]),
        (b"event: delta\n\ndata: a\n\n", [("message", "a")]),
        (b": ping\n\n:\ndata: a\n: ping\n\n", [("message", "a")]),
        (b"id: 1\nretry: 2\nother: 3\nDATA: x\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
        (b"\n\xef\xbb\xbfdata: a\n\n", []),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        (b"data: \xff\n\n", [("message", "\ufffd")]),
        (
            "data: a\u2028b\u2029c\u0085d\x0be\x1cf\n\n".encode(),
            [("message", "a\u2028b\u2029c\u0085d\x0be\x1cf")],
        ),
    ],
)
def test_a_stream_is_read_as_the_standard_says(
    stream: bytes, expected: list[tuple[str, str]]
) -> None:
    assert [frame[:2] for frame in frames(stream)] == expected


@pytest.mark.parametrize(
    ("rest", "is_lost"),
    [
        *((b"data: b", True), (b"data: b\n", True), (b"event: x", True)),
        *((b"data: b\r", True), (b"", False), (b": pi", False)),
        *((b": ping\n", False), (b"event: x\n", False), (b"\n", False)),
    ],
)
def test_an_unterminated_last_frame_is_not_given_but_told(
    rest: bytes, *, is_lost: bool
) -> None:
    decoder = Decoder()
    given_ = [*decoder.feed(b"data: a\r\n\r"), *decoder.feed(rest)]
    assert given_ == [Frame("message", "a")]
    assert decoder.is_within_frame is is_lost


@pytest.mark.parametrize(
    "chunks",
    [
        (b"data: 12345",),
        (b"data: 12345\n",),
        (b"data: 1234", b"5"),
        (b"data: 1\n", b"data: 2\n"),
        (b": 345678901",),
    ],
)
def test_a_frame_past_the_cap_is_refused_before_it_is_whole(
    chunks: tuple[bytes, ...],
) -> None:
    decoder = Decoder(max_bytes=10)
    *before, last = chunks
    for chunk in before:
        assert [*decoder.feed(chunk)] == []
    with pytest.raises(LimitExceededError, match="longer than 10 bytes"):
        [*decoder.feed(last)]
    assert len([*Decoder(max_bytes=10).feed(b"data: 1234\n\n" * 9)]) == 9


TEXT = b'data: {"type": "text_delta", "content": "a"}\n\n'


def decoded(*chunks: bytes) -> tuple[list[Event], list[Diagnostic]]:
    """Return a stream's events and diagnostics."""
    decoder = EventDecoder(Limits())
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    decoder.finish()
    return events, decoder.diagnostics


def test_the_corpus_streams_give_their_sessions_events(shared: Path) -> None:
    folder = shared / "corpus"
    found: dict[str, list[Event]] = {}
    for path in sorted((folder / "streams").glob("*.sse")):
        data = path.read_bytes()
        events, diagnostics = decoded(*cut(data, range(len(data))))
        assert not diagnostics
        found.setdefault(re.sub(r"\.run-\d+$", "", path.stem), []).extend(events)
    assert len(found) > 20
    for name, events in found.items():
        session = replay.load(folder / "sessions" / f"{name}.json")
        recorded = [each for each in session.events if not isinstance(each, UserInput)]
        assert events == recorded
        expected = [each.as_object() for each in recorded]
        assert [each.as_object() for each in events] == expected


@pytest.mark.parametrize("data", [b"{", b"[1,", b"NaN", b"x", b"1" * 5000])
def test_a_frame_that_is_no_json_is_left_out_and_told(data: bytes) -> None:
    events, told = decoded(b"data: " + data + b"\n\n" + TEXT + b"data\n\n" + TEXT[:-1])
    assert events == [TextDelta("a")]
    assert [each.code for each in told] == ["bad-frame", "torn-frame"]
    assert told[0].index is None


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98"])
def test_bytes_that_are_not_utf_8_are_replaced_and_told(bad: bytes) -> None:
    sent = TEXT.replace(b'"a"', b'"a%bb"' % bad)
    replaced = TextDelta((b"a%bb" % bad).decode("utf-8", "replace"))
    good = TEXT.replace(b'"a"', '"\ufffd"'.encode())
    for places in (range(0), range(len(sent))):
        events, told = decoded(*cut(sent, places), good)
        assert events == [replaced, TextDelta("\ufffd")]
        assert [each.code for each in told] == ["bad-utf-8"]
    with pytest.raises(DecodeError, match="isn't UTF-8"):
        [*EventDecoder(Limits(), strict=True).feed(sent)]


@pytest.mark.parametrize(
    ("name", "kind", "codes"),
    [
        ("delta", "text_delta", []),
        ("message", "text_delta", []),
        ("message", "text", []),
        ("other", "text", []),
        ("delta", "text", ["frame-name-differs"]),
    ],
)
def test_the_events_type_is_believed_not_the_frames_name(
    name: str, kind: str, codes: list[str]
) -> None:
    data = json.dumps({"type": kind, "content": "a"})
    (event,), diagnostics = decoded(f"event: {name}\ndata: {data}\n\n".encode())
    assert event.type == kind
    assert [each.code for each in diagnostics] == codes


@pytest.mark.parametrize(
    ("limits", "told"),
    [(Limits(event_bytes=30), "30 bytes"), (Limits(depth=1), "deeper than 1 ")],
)
def test_what_is_past_a_limit_is_refused(limits: Limits, told: str) -> None:
    decoder = EventDecoder(limits)
    with pytest.raises(LimitExceededError, match=told):
        [*decoder.feed(b'data: {"type": "new", "x": [[1]]}\n\n')]
    with pytest.raises(LimitExceededError):
        decoded(b"data: " + b"[" * 100_000 + b"\n\n")


@pytest.mark.parametrize("limit", [17 << 20, 65 << 20])
def test_a_frame_may_be_longer_than_16_mib_only_where_the_limit_was_raised(
    limit: int,
) -> None:
    decoder = EventDecoder(Limits(event_bytes=limit))
    frame = b'data: "' + b"x" * (16 << 20) + b'"\n\n'
    if limit == 65 << 20:
        assert len([*decoder.feed(frame)]) == 1
    else:
        with pytest.raises(LimitExceededError):
            [*decoder.feed(frame)]


@pytest.mark.parametrize("data", [b"{", b'{"type": "new"}', b'{"type": "text"}'])
def test_a_strict_reader_refuses_what_it_does_not_know(data: bytes) -> None:
    frame = b"data: " + data + b"\n\n"
    decoder = EventDecoder(Limits(), strict=True)
    assert [*decoder.feed(TEXT)] == [TextDelta("a")]
    with pytest.raises(DecodeError):
        [*decoder.feed(frame)]
    if b"new" in data:
        (event,), _ = decoded(frame)
        assert event == UnknownEvent({"type": "new"})


def test_of_what_is_odd_only_so_much_is_kept() -> None:
    events, diagnostics = decoded(b"data: x\n\n" * 1001 + TEXT)
    assert events == [TextDelta("a")]
    assert len(diagnostics) == 1000
