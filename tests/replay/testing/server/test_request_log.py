"""What a server was asked."""

from collections.abc import AsyncIterator

import anyio
import pytest

from replay.testing.server.connections import Answer, ClientRequest
from replay.testing.server.request_log import RecordedRequest, RequestLog

LONG = b"x" * (2 << 20)


def request(*headers: tuple[bytes, bytes], body: bytes = LONG) -> ClientRequest:
    return ClientRequest(b"GET", b"/", headers, body)


@pytest.mark.parametrize("name", ["authorization", "cookie", "proxy-authorization"])
def test_a_secret_is_masked(name: str) -> None:
    record = RequestLog().add(request((name.encode(), b"llx-secret")))
    assert record.headers == {name: "***"}


def test_a_long_body_is_cut() -> None:
    assert len(RequestLog().add(request()).body) == 1 << 20


def test_only_the_latest_requests_are_kept() -> None:
    log = RequestLog()
    records = [log.add(request(body=b"")) for _ in range(10_001)]
    assert log.records() == tuple(records[1:])


def test_each_event_of_a_stream_is_noted_and_no_ping() -> None:
    record = RequestLog().add(request())
    watched(record, b": ping\n\n", b"event: delta\ndata: 1\n\n", b": ping\n\n")
    assert len(record.sent_at) == 1


def watched(record: RecordedRequest, *frames: bytes) -> None:
    """Let frames go by."""

    async def body() -> AsyncIterator[bytes]:
        for each in frames:
            yield each

    stream = Answer(200, [(b"content-type", b"text/event-stream")], body())
    assert anyio.run(record.watch(stream).whole_body) == b"".join(frames)


def test_the_times_of_100_000_events_are_kept() -> None:
    record = RequestLog().add(request())
    watched(record, *[b"event: x\n\n"] * 100_001)
    assert len(record.sent_at) == 100_000


def test_old_requests_make_room_for_large_ones() -> None:
    log = RequestLog()
    records = [log.add(request()) for _ in range(65)]
    assert log.records() == tuple(records[1:])
