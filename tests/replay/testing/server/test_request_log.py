"""The log of requests."""

import anyio

from replay.testing.server.connections import Answer, ClientRequest, body_from
from replay.testing.server.request_log import RecordedRequest, RequestLog

LONG = b"x" * (2 << 20)


def request(*headers: tuple[bytes, bytes], body: bytes = LONG) -> ClientRequest:
    return ClientRequest(b"GET", b"/", headers, body)


def test_a_secret_is_masked() -> None:
    for name in ("authorization", "cookie", "proxy-authorization"):
        record = RequestLog().add(request((name.encode(), b"llx-secret")))
        assert record.headers == {name: "***"}


def test_a_long_body_is_cut_and_old_requests_make_room_for_it() -> None:
    log = RequestLog()
    records = [log.add(request()) for _ in range(65)]
    assert len(records[0].body) == 1 << 20
    assert log.records() == tuple(records[1:])


def test_only_the_latest_requests_are_kept() -> None:
    log = RequestLog()
    records = [log.add(request(body=b"")) for _ in range(10_001)]
    assert log.records() == tuple(records[1:])


def watched(*frames: bytes, kind: bytes = b"text/event-stream") -> RecordedRequest:
    """Return the record of an answer that was sent."""
    record = RequestLog().add(request())
    answer = record.watch(Answer(200, [(b"content-type", kind)], body_from(*frames)))
    assert anyio.run(answer.whole_body) == b"".join(frames)
    return record


def test_each_event_of_a_stream_is_timed_and_no_ping() -> None:
    frames = (b": ping\n\n", b"event: delta\ndata: 1\n\n", b": ping\n\n")
    assert len(watched(*frames).sent_at) == 1
    assert len(watched(*frames, kind=b"text/html").sent_at) == 0


def test_the_times_of_100_000_events_are_kept() -> None:
    assert len(watched(*[b"event: x\n\n"] * 100_001).sent_at) == 100_000
