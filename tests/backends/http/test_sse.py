"""Bytes to frames, after the WHATWG rules."""

from collections.abc import Iterable

import pytest
from httpx_sse._decoders import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from replay.errors import LimitExceededError
from replay_backends.http.sse import Decoder, Frame

PIECES = st.sampled_from(
    [
        *(
            b"\n",
            b"\r",
            b"\r\n",
            b"\n\n",
            b":",
            b": ping",
            b" ",
            b"\0",
            b"\xff",
            b"\xc3",
        ),
        *(b"data", b"data:", b"data: x", b"event: delta", b"event:", b"event"),
        *(b"id: 1", b"retry: 1", b"\xef\xbb\xbf"),
        *("ü".encode(), "\u2028\u0085".encode()),
    ]
)
STREAMS = st.lists(PIECES, max_size=30).map(b"".join)


def frames(*chunks: bytes) -> list[Frame]:
    """Return the frames of a stream that comes in chunks."""
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
    assert frames(*cut(stream, places)) == frames(stream)


@given(STREAMS)
def test_frames_are_the_same_byte_by_byte(stream: bytes) -> None:
    assert frames(*(stream[i : i + 1] for i in range(len(stream)))) == frames(stream)


@given(STREAMS)
def test_what_httpx_sse_decodes_of_right_lines_is_decoded(stream: bytes) -> None:
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    decoder = SSEDecoder()
    found = [event for line in lines if (event := decoder.decode(line))]
    # It also gives frames without data where they have a name or an id.
    theirs = [Frame(each.event, each.data) for each in found if each.data]
    assert [frame for frame in frames(stream) if frame.data] == theirs


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
    assert frames(stream) == expected


@pytest.mark.parametrize("rest", [b"data: b", b"data: b\n", b"event: x", b"data: b\r"])
def test_an_unterminated_last_frame_is_not_given_but_told(rest: bytes) -> None:
    decoder = Decoder()
    given_ = [*decoder.feed(b"data: a\n\n"), *decoder.feed(rest)]
    assert given_ == [Frame("message", "a")]
    assert decoder.is_within_frame


@pytest.mark.parametrize("end", [b"", b": pi", b": ping\n", b"event: x\n", b"\n"])
def test_what_is_no_frame_is_no_loss(end: bytes) -> None:
    decoder = Decoder()
    assert [*decoder.feed(b"data: a\n\n" + end)] == [Frame("message", "a")]
    assert not decoder.is_within_frame


def test_a_frame_is_given_with_its_last_byte() -> None:
    decoder = Decoder()
    assert [*decoder.feed(b"data: a\r\n\r")] == [Frame("message", "a")]


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
    decoder = Decoder(most=10)
    *before, last = chunks
    for chunk in before:
        assert [*decoder.feed(chunk)] == []
    with pytest.raises(LimitExceededError, match="longer than 10 bytes"):
        [*decoder.feed(last)]


def test_the_cap_is_one_frames_not_the_streams() -> None:
    decoder = Decoder(most=10)
    assert len([*decoder.feed(b"data: 1234\n\n" * 9)]) == 9
