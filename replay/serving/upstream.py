"""The way from the faulty layer to the application behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import h11

from replay.serving.answers import Answer
from replay.serving.client_requests import ClientRequest
from replay.serving.faults import FAULT_HEADER

_PIECE: Final = 1 << 16
_CHUNKING: Final = (b"connection", b"transfer-encoding")
_HOP_BY_HOP: Final = (
    *(b"connection", b"keep-alive", b"transfer-encoding", b"content-length"),
    *(b"expect", b"te", b"trailer", b"upgrade", FAULT_HEADER.encode()),
)


@asynccontextmanager
async def asked(
    port: int, request: ClientRequest, stream_fault: str | None
) -> AsyncIterator[Answer]:
    """Yield the application's answer to a request.

    Args:
        port: Where the application listens, on loopback.
        request: What a client asks.
        stream_fault: What is to be wrong with the events; None: nothing.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    http = h11.Connection(h11.CLIENT)
    try:
        writer.write(_request_bytes(http, request, stream_fault))
        head = cast("h11.Response", await _next_event(http, reader))
        kept = [each for each in head.headers if each[0] not in _CHUNKING]
        yield Answer(head.status_code, kept, _body(http, reader))
    finally:
        writer.transport.abort()


def _request_bytes(
    http: h11.Connection, request: ClientRequest, stream_fault: str | None
) -> bytes:
    headers = [each for each in request.headers if each[0] not in _HOP_BY_HOP]
    headers += [
        (b"connection", b"close"),
        (b"content-length", b"%d" % len(request.body)),
    ]
    if stream_fault is not None:
        headers.append((FAULT_HEADER.encode(), stream_fault.encode()))
    events: list[h11.Event] = [
        h11.Request(method=request.method, target=request.target, headers=headers),
        h11.Data(data=request.body),
        h11.EndOfMessage(),
    ]
    return b"".join(http.send(each) or b"" for each in events)


async def _body(
    http: h11.Connection, reader: asyncio.StreamReader
) -> AsyncIterator[bytes]:
    while isinstance(event := await _next_event(http, reader), h11.Data):
        yield bytes(event.data)


async def _next_event(http: h11.Connection, reader: asyncio.StreamReader) -> object:
    try:
        while (event := http.next_event()) is h11.NEED_DATA:
            http.receive_data(await reader.read(_PIECE))
    except h11.RemoteProtocolError as error:
        raise ConnectionAbortedError from error  # the application ends
    return event
