"""What a server was asked."""

from collections.abc import AsyncIterator

import anyio
import pytest

from replay.serving.client_connection import ClientRequest
from replay.serving.request_log import RecordedRequest, RequestLog


def request(*headers: tuple[bytes, bytes]) -> ClientRequest:
    return ClientRequest(b"GET", b"/", headers, b"x" * (2 << 20))


@pytest.mark.parametrize("name", ["authorization", "cookie", "proxy-authorization"])
def test_a_secret_is_masked(name: str) -> None:
    record = RequestLog().add(request((name.encode(), b"llx-secret")))
    assert record.headers == {name: "***"}


def test_a_long_body_is_cut() -> None:
    assert len(RequestLog().add(request()).body) == 1 << 20


def test_only_the_latest_requests_are_kept() -> None:
    log = RequestLog()
    records = [log.add(request()) for _ in range(10_001)]
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
