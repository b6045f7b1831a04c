"""The layer that clients talk to: it passes requests on, and spoils answers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

import attrs
import h11

from replay.errors import UnknownNameError
from replay.model.json_text import write
from replay.testing.server import deliveries
from replay.testing.server.api import Admission
from replay.testing.server.connections import (
    Answer,
    ClientConnection,
    ClientRequest,
    Headers,
    RefusedRequestError,
    phrase_of,
)
from replay.testing.server.faults import FAULT_HEADER, Fault, FaultQueue, parse_fault
from replay.testing.server.request_log import RecordedRequest, RequestLog

_PORTAL: Final = (
    b"<!doctype html><title>Welcome</title><p>Accept the terms to use this network."
)
_RETRY_AFTER: Final = "1"  # seconds


def stand_in(fault: Fault, request: ClientRequest) -> Answer | None:
    """Return what answers a request in the application's place.

    Args:
        fault: What is to go wrong.
        request: What the client asks.

    Returns:
        None: with this fault, the application is asked.
    """
    if fault.is_status:
        status = int(fault.name)
        is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        wait = fault.value or (_RETRY_AFTER if is_limit else None)
        return error_answer(status, phrase_of(status), wait)
    if fault.name == "captive-portal":
        return _answer(200, [(b"content-type", b"text/html")], _PORTAL)
    if fault.name == "redirect":
        location = _with_path(fault.value or "", request.target)
        return _answer(307, [(b"location", location)], b"")
    return None


def error_answer(status: int, detail: str, retry_after: str | None = None) -> Answer:
    """Return an answer with an error's status, as the service shapes it."""
    headers = [(b"content-type", b"application/json")]
    if retry_after is not None:
        headers.append((b"retry-after", retry_after.encode()))
    return _answer(status, headers, write({"detail": detail}))


def _with_path(url: str, target: bytes) -> bytes:
    """Return a URL to redirect to; where it has no path, with the request's own."""
    return url.encode() if urlsplit(url).path else url.encode() + target


def _answer(status: int, headers: Headers, body: bytes) -> Answer:
    async def pieces() -> AsyncIterator[bytes]:
        yield body

    return Answer(status, [*headers, (b"content-length", b"%d" % len(body))], pieces())


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


_Delivery: TypeAlias = Callable[[ClientConnection, Answer, str | None], Awaitable[None]]

_DELIVERIES: Final[Mapping[str, _Delivery]] = MappingProxyType(
    {
        "bad-chunk": deliveries.bad_chunk,
        "close": deliveries.close,
        "drip": deliveries.drip,
        "drip-headers": deliveries.drip_headers,
        "encodings": deliveries.pack_repeatedly,
        "garbage": deliveries.garbage,
        "gzip": deliveries.pack,
        "large-header": deliveries.large_header,
        "many-headers": deliveries.many_headers,
        "reset": deliveries.reset,
        "stall": deliveries.stall,
        "truncate": deliveries.truncate,
        "two-lengths": deliveries.two_lengths,
        "wrong-length": deliveries.wrong_length,
    }
)


@attrs.frozen(eq=False)
class Front:
    """Serves clients, each on a connection of its own.

    Args:
        port: Where the application listens, on loopback.
        admission: Who may ask for faults; the application asks it for all else.
        faults: What is to go wrong.
        log: Where to note what is asked.
    """

    port: int
    admission: Admission
    faults: FaultQueue
    log: RequestLog

    async def serve(self, connection: ClientConnection) -> None:
        """Answer a client's requests until one of the two has enough.

        The caller closes the connection.
        """
        with suppress(OSError, h11.LocalProtocolError):  # it has gone, or is not heard
            await self._answer_all(connection)

    async def _answer_all(self, connection: ClientConnection) -> None:
        try:
            while (request := await connection.receive()) is not None:
                await self._answer(connection, request)
        except RefusedRequestError as refused:
            await connection.refuse(error_answer(refused.status, refused.detail))

    async def _answer(
        self, connection: ClientConnection, request: ClientRequest
    ) -> None:
        record = self.log.add(request)
        try:
            fault = self._fault(request)
            answer = None if fault is None else stand_in(fault, request)
        except (UnknownNameError, ValueError) as error:
            fault, answer = None, error_answer(400, str(error))
        record.fault = None if fault is None else fault.name
        if answer is None:
            await self._pass_on(connection, request, record, fault)
        else:
            record.status = answer.status
            await connection.send(answer)

    async def _pass_on(
        self,
        connection: ClientConnection,
        request: ClientRequest,
        record: RecordedRequest,
        fault: Fault | None,
    ) -> None:
        stream_fault = fault.name if fault is not None and fault.is_of_stream else None
        async with asked(self.port, request, stream_fault) as answer:
            record.status = answer.status
            body = record.watch(answer.body) if answer.is_stream else answer.body
            await _deliver(connection, attrs.evolve(answer, body=body), fault)

    def _fault(self, request: ClientRequest) -> Fault | None:
        asked_for = request.header(FAULT_HEADER)
        if asked_for is not None and self._admits(request):
            return parse_fault(asked_for)
        is_post = request.method == b"POST"
        is_stream = is_post and request.path.endswith("/messages/stream")
        return self.faults.take(is_stream=is_stream)

    def _admits(self, request: ClientRequest) -> bool:
        host, key = map(request.header, ("host", "authorization"))
        return self.admission.refusal(request.path, host, key) is None


async def _deliver(
    connection: ClientConnection, answer: Answer, fault: Fault | None
) -> None:
    spoil = None if fault is None else _DELIVERIES.get(fault.name)
    if fault is None or spoil is None:
        await connection.send(answer)
    else:
        await spoil(connection, answer, fault.value)


_Task: TypeAlias = "asyncio.Task[None]"

_FILES_OF_ONE: Final = 4  # its connection, and two ends of one to the application
_UNLIMITED: Final = 1 << 14
_PATIENCE: Final = 1.0  # seconds
_PAUSE: Final = 0.05  # seconds


class Clients:
    """Keeps the connections that are open, up to a number.

    One more takes the place of the one that has asked for nothing the longest. Where
    each has asked for something, or has just come, the new one is turned away.

    Args:
        front: What serves them.
        request_seconds: How long a request may take to come.
        most: How many there may be.
        patience: For how many seconds a place is safe, though nothing was asked.
    """

    def __init__(
        self,
        front: Front,
        request_seconds: float,
        most: int,
        patience: float = _PATIENCE,
    ) -> None:
        self._front = front
        self._request_seconds = request_seconds
        self._most = most
        self._patience = patience
        self._connections: dict[_Task, ClientConnection | None] = {}

    async def accept_from(self, listening: socket.socket) -> None:
        """Serve all who come, until this is cancelled.

        ``asyncio.start_server`` would take as many as wait, whether the system has
        files for them or not.

        Args:
            listening: A socket that listens, and does not block.
        """
        while True:
            try:
                await self._accept_one(listening)
            except OSError:  # it has gone again, or the system has no more files
                await asyncio.sleep(_PAUSE)

    async def drop(self) -> None:
        """End all connections."""
        tasks = tuple(self._connections)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept_one(self, listening: socket.socket) -> None:
        if len(self._connections) >= self._most:
            await asyncio.sleep(0)  # others get their turn, however many come
        client, _ = await asyncio.get_running_loop().sock_accept(listening)
        if len(self._connections) >= self._most and not self._make_room():
            client.close()
            return
        task = asyncio.create_task(self._serve(client))
        self._connections[task] = None
        task.add_done_callback(partial(self._end, client))

    async def _serve(self, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        connection = ClientConnection(reader, writer, self._request_seconds)
        self._connections[cast("_Task", asyncio.current_task())] = connection
        await self._front.serve(connection)

    def _end(self, client: socket.socket, task: _Task) -> None:
        (self._connections.pop(task) or client).close()

    def _make_room(self) -> bool:
        """End the connection that waits the longest; tell whether there is one."""
        now = asyncio.get_running_loop().time()
        waits = {
            each: now - connection.waiting_since
            for each, connection in self._connections.items()
            if connection is not None and connection.waiting_since is not None
        }
        longest = max(waits, key=waits.__getitem__, default=None)
        return (
            longest is not None
            and waits[longest] >= self._patience
            and longest.cancel()
        )


def most_clients() -> int:
    """Return how many clients the system has files for."""
    files = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else _UNLIMITED
    return (files if files > 0 else _UNLIMITED) // _FILES_OF_ONE
