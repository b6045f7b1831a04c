"""What a server was asked."""

import tracemalloc
from collections.abc import AsyncIterator

import anyio
import pytest

from replay.testing.server.connections import ClientRequest
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


def test_events_are_counted_however_the_stream_is_cut() -> None:
    stream = b": ping\n\nevent: delta\ndata: 1\n\n: ping\n\nevent: x\ndata: 2\n\nrest"

    async def count(size: int) -> int:
        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(stream), size):
                yield stream[start : start + size]

        record: RecordedRequest = RequestLog().add(request())
        assert b"".join([data async for data in record.watch(pieces())]) == stream
        return len(record.sent_at)

    for size in (1, 2, 7, 1000):
        assert anyio.run(count, size) == 2


def watched(record: RecordedRequest, *pieces: bytes) -> bytes:
    """Return what is left of *pieces* when *record* has watched them go by."""

    async def passed() -> bytes:
        async def body() -> AsyncIterator[bytes]:
            for each in pieces:
                yield each

        return b"".join([data async for data in record.watch(body())])

    return anyio.run(passed)


def test_of_a_frame_without_end_next_to_nothing_is_kept() -> None:
    record = RequestLog().add(request())
    tracemalloc.start()
    assert len(watched(record, *[b"x" * 1000] * 4000)) == 4_000_000
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000
    assert len(record.sent_at) == 0


@pytest.mark.parametrize("size", range(1, 9))
def test_a_frame_is_told_from_a_ping_when_both_are_long(size: int) -> None:
    stream = b": a long ping\n\ndata: long\n\n: a ping\n\n"
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    record = RequestLog().add(request())
    assert watched(record, *pieces) == stream
    assert len(record.sent_at) == 1


def test_the_times_of_100_000_events_are_kept() -> None:
    record = RequestLog().add(request())
    watched(record, *[b"data: 1\n\n" * 1000] * 101)
    assert len(record.sent_at) == 100_000


def test_old_requests_make_room_for_large_ones() -> None:
    log = RequestLog()
    records = [log.add(request()) for _ in range(65)]
    assert log.records() == tuple(records[1:])
