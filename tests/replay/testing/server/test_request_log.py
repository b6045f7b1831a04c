"""The log of requests."""

import anyio
import pytest

from replay.testing.server.connections import Answer, ClientRequest, body_from
from replay.testing.server.request_log import RecordedRequest, RequestLog

LONG = b"x" * (2 << 20)
EVENTS = [b"event: x\n\n"] * 100_000


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
    assert log.records() == tuple(records[2:])


@pytest.mark.parametrize(
    ("requests", "count", "length", "least"),
    [(2000, 1, 60_000, 60_000), (180, 4000, 3, 400_000)],
)
def test_the_headers_of_all_requests_take_at_most_64_mib(
    requests: int, count: int, length: int, least: int
) -> None:
    headers = [(b"x-%d" % i, b"y" * length) for i in range(count)]
    log = RequestLog()
    for _ in range(requests):
        log.add(request(*headers, body=b""))
    assert 50 < len(log.records()) <= (64 << 20) // least  # bytes of each, or more


def test_a_long_target_takes_memory_too() -> None:
    log = RequestLog()
    for _ in range(1100):
        log.add(ClientRequest(b"GET", b"/" * 64_000, [], b""))
    assert len(log.records()) < 1050


def test_the_times_of_events_take_memory_until_their_request_is_dropped() -> None:
    log = RequestLog()
    records = [log.add(request()) for _ in range(63)]
    for each in records[-2:]:
        anyio.run(each.watch(stream(*EVENTS)).whole_body)
    newest = log.add(request(body=b""))
    assert log.records() == (*records[1:], newest)
    anyio.run(records[0].watch(stream(*EVENTS)).whole_body)
    last = log.add(request(body=b""))
    assert log.records() == (*records[1:], newest, last)


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


def stream(*frames: bytes) -> Answer:
    return Answer(200, [(b"content-type", b"text/event-stream")], body_from(*frames))


def test_each_event_of_a_stream_is_timed_and_no_ping() -> None:
    frames = (b": ping\n\n", b"event: delta\ndata: 1\n\n", b": ping\n\n")
    assert len(watched(*frames).sent_at) == 1
    assert len(watched(*frames, kind=b"text/html").sent_at) == 0


def test_the_times_of_100_000_events_are_kept() -> None:
    assert len(watched(*EVENTS, b"event: x\n\n").sent_at) == 100_000
