"""Event streams that were saved, such as with curl."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import replay
from portions import all_stored
from replay import Event, Text, TextDelta, UnknownEvent
from replay.model.limits import Limits
from replay_backends.files.event_stream import as_lines, is_event_stream
from replay_backends.json_file import JSONFileBackend

STREAM = b"""\
: ping

event: delta
data: {"type": "text_delta", "content": "For"}

retry: 3000
id: 7
event: delta
data: {"type": "text_delta", "content": "ty."}

event: message
data: {"type": "text",
data:  "content": "Forty."}

: ping

data: [DONE]

"""
EVENTS = [TextDelta("For"), TextDelta("ty."), Text("Forty.")]


def events_of(data: bytes, folder: Path, name: str = "turn.sse") -> list[Event]:
    (folder / name).write_bytes(data)
    return [*replay.load(folder / name).events]


@pytest.mark.parametrize("name", ["a.sse", "a.txt", "a.json", "a.SSE.gz"])
def test_a_stream_is_a_session_whatever_its_name(tmp_path: Path, name: str) -> None:
    data = gzip.compress(STREAM) if name.endswith("gz") else STREAM
    assert events_of(data, tmp_path, name) == EVENTS
    assert replay.transcript(tmp_path / name).diagnostics == ()
    assert replay.load(tmp_path / name).session_id.removesuffix(".txt") == "a"


@pytest.mark.parametrize(
    "before",
    [
        *(b"", b"\n\r\n", b"\xef\xbb\xbf", b"id: 1\n", b"retry: 9\n", b"event: a\n"),
        *(b": ping\n\n" * 100, b":\r\r" * 300, b":" * 600 + b"\n"),
        *(b":" * 511 + b"\n", b": ping\n" + b"\n" * 600),
    ],
)
def test_a_stream_may_begin_in_any_way(tmp_path: Path, before: bytes) -> None:
    data = before + b'data: {"type": "text", "content": "a"}\r\n\r\ndata:{}\r\n\r\n'
    assert events_of(data, tmp_path, "a.txt") == [Text("a"), UnknownEvent({})]


def test_a_stream_of_a_directory_is_one_of_its_sessions(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(STREAM)
    (tmp_path / "b.json").write_bytes(b"[]")
    with replay.open(tmp_path) as source:
        assert [(each.session_id, len(each.events)) for each in source] == [
            ("a", 3),
            ("b", 0),
        ]


@pytest.mark.parametrize("data", [STREAM, b'data: {"events": []}\n\n' * 3])
def test_its_portion_holds_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.sse").write_bytes(data)
    backend = JSONFileBackend(f"{tmp_path}/a.sse")
    assert len([*backend.portions()]) == 1
    found = [each.read() for each in all_stored(backend)]
    assert found == [*backend.sessions()]


HEADERS = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nEvents: a\r\n\r\n"
VERBOSE = """\
  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0
*   Trying 127.0.0.1:80...
> GET / HTTP/1.1\r
>\r
< HTTP/1.1 200 OK\r
<\r
{ [383 bytes data]
"""


@pytest.mark.parametrize("above", [HEADERS, VERBOSE, VERBOSE[VERBOSE.index("*") :]])
def test_what_curl_writes_around_streams_is_left_out(
    tmp_path: Path, above: str
) -> None:
    data = above.encode() + STREAM
    assert events_of(data + data, tmp_path) == EVENTS * 2
    assert events_of(data + b"* Connection #0 left intact\n", tmp_path) == EVENTS


def told(event: Event) -> tuple[object, str]:
    assert isinstance(event, UnknownEvent)
    return event.raw, event.code


def test_a_frame_that_breaks_off_is_kept_as_text(tmp_path: Path) -> None:
    torn = '{"type": "text", "cont'
    *_, event = events_of(STREAM + b"data: " + torn.encode(), tmp_path)
    assert told(event) == (torn, "torn-line")
    unnamed = STREAM.rstrip().removesuffix(b"data: [DONE]")
    assert events_of(unnamed.rstrip().removesuffix(b": ping"), tmp_path) == EVENTS
    assert events_of(STREAM + b"dat", tmp_path) == EVENTS


@pytest.mark.parametrize("name", ["a.sse", "a.txt", "a.json"])
def test_a_stream_that_breaks_off_within_its_first_frame_is_kept(
    tmp_path: Path, name: str
) -> None:
    for torn in ('{"type": "text", "cont', "hel", '"a'):
        (event,) = events_of(b": ping\n\ndata: " + torn.encode(), tmp_path, name)
        assert told(event) == (torn, "torn-line")
    (event,) = events_of(b"data: hello\n\n", tmp_path, name)
    assert told(event) == ("hello", "bad-line")
    backend = JSONFileBackend(f"{tmp_path}/{name}")
    (stored,) = all_stored(backend)
    assert stored.read() == next(backend.sessions())
    with pytest.raises(replay.DecodeError, match="line 1"):
        replay.load(tmp_path / name, strict=True)


def test_a_frame_that_holds_no_json_is_kept_as_text(tmp_path: Path) -> None:
    event, *_ = events_of(b"data: hello\ndata: you\n\n" + STREAM, tmp_path)
    assert told(event) == ("hello you", "bad-line")


def test_a_frame_past_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(STREAM)
    limits = Limits(event_bytes=40)
    with pytest.raises(replay.LimitExceededError, match=f"^{tmp_path}/a.sse: stream: "):
        replay.load(tmp_path / "a.sse", limits=limits)


def test_a_large_stream_is_read_again_whenever_it_is_walked(tmp_path: Path) -> None:
    delta = b'data: {"type": "text_delta", "content": "%b"}\n\n' % (b"a" * 1000)
    (tmp_path / "a.sse").write_bytes(delta * 9_000)
    events = replay.load(tmp_path / "a.sse").events
    assert repr(events) == "<9000 recorded events>"
    for _ in range(2):
        assert {*events} == {TextDelta("a" * 1000)}
    assert events[8_999] == TextDelta("a" * 1000)


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"data": 1}', b"[]", b"", b"datax: 1", b"{:}"),
        b': "the end of a record"}\n{"type": "text", "content": "a"}\n',
        *(b"HTTP/2 200\r\n\r\n{}", b"* a list of data: 1", b"a\ndata: 1\n\n"),
    ],
)
def test_what_is_no_stream_is_left_as_it_is(data: bytes) -> None:
    file = io.BytesIO(data)
    assert not is_event_stream(file)
    assert file.read() == data


@given(st.integers(1, 40), st.integers(1, 9))
def test_lines_are_the_same_in_whatever_pieces_they_are_read(
    size: int, count: int
) -> None:
    lines = as_lines(io.BytesIO(STREAM * count), 1 << 20)
    pieces = [*iter(lambda: lines.read(size), b"")]
    assert [json.loads(line)["type"] for line in b"".join(pieces).splitlines()] == [
        "text_delta",
        "text_delta",
        "text",
    ] * count


def test_bytes_that_are_not_utf_8_are_kept_and_told(tmp_path: Path) -> None:
    data = b'{"type": "text", "content": "caf\xe9"}'
    event, *others = events_of(b"data: " + data + b"\n\n" + STREAM, tmp_path)
    assert told(event) == (data.decode("utf-8", "surrogateescape"), "bad-line")
    assert others == EVENTS
