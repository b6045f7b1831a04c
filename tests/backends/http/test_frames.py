"""Frames to events."""

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import replay
from replay.errors import DecodeError, LimitExceededError
from replay.model.diagnostics import Diagnostic
from replay.model.events import Event, TextDelta, UnknownEvent, UserInput
from replay.model.limits import Limits
from replay_backends.http.sse import EventDecoder

TEXT = b'data: {"type": "text_delta", "content": "a"}\n\n'


def decoded(*chunks: bytes) -> tuple[list[Event], list[Diagnostic]]:
    """Return a stream's events, and what was odd."""
    decoder = EventDecoder(Limits())
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    decoder.finish()
    return events, decoder.diagnostics


def bytewise(data: bytes) -> Iterator[bytes]:
    return (data[i : i + 1] for i in range(len(data)))


def randomly(data: bytes) -> Iterator[bytes]:
    sizes = random.Random(len(data))  # noqa: S311 - a test that can be repeated
    start = 0
    while start < len(data):
        end = start + sizes.randint(1, 200)
        yield data[start:end]
        start = end


def at_once(data: bytes) -> Iterator[bytes]:
    yield data


@pytest.mark.parametrize("cut", [bytewise, randomly, at_once])
def test_the_corpus_streams_give_their_sessions_events(
    shared: Path, cut: Callable[[bytes], Iterator[bytes]]
) -> None:
    folder = shared / "corpus"
    found: dict[str, list[Event]] = {}
    for path in sorted((folder / "streams").glob("*.sse")):
        events, diagnostics = decoded(*cut(path.read_bytes()))
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
    events, (diagnostic,) = decoded(b"data: " + data + b"\n\n" + TEXT)
    assert events == [TextDelta("a")]
    assert diagnostic.code == "bad-frame"
    assert diagnostic.index is None


def test_an_unknown_event_is_kept() -> None:
    (event,), _ = decoded(b'data: {"type": "new", "x": [1]}\n\n')
    assert isinstance(event, UnknownEvent)
    assert event.raw == {"type": "new", "x": [1]}


def test_a_frame_without_data_is_no_event() -> None:
    assert decoded(b"data:\n\ndata\n\n" + TEXT) == ([TextDelta("a")], [])


def test_a_torn_last_frame_is_told() -> None:
    events, (diagnostic,) = decoded(TEXT + TEXT[:-1])
    assert events == [TextDelta("a")]
    assert diagnostic.code == "torn-frame"


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


def test_a_frame_that_cannot_be_read_for_its_depth_is_refused() -> None:
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
    decoder = EventDecoder(Limits(), strict=True)
    with pytest.raises(DecodeError):
        [*decoder.feed(b"data: " + data + b"\n\n")]


def test_a_strict_reader_takes_what_it_knows() -> None:
    assert [*EventDecoder(Limits(), strict=True).feed(TEXT)] == [TextDelta("a")]


def test_of_what_is_odd_only_so_much_is_kept() -> None:
    events, diagnostics = decoded(b"data: x\n\n" * 1001 + TEXT)
    assert events == [TextDelta("a")]
    assert len(diagnostics) == 1000
