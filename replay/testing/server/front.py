"""The layer that clients talk to: it passes requests on, and spoils answers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

import attrs
import h11
from anyio import EndOfStream, create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream
from starlette.types import ASGIApp, Message

from replay.errors import UnknownNameError
from replay.testing.server import deliveries
from replay.testing.server.api import Admission
from replay.testing.server.chat import FAULT
from replay.testing.server.connections import (
    Answer,
    ClientConnection,
    ClientRequest,
    RefusedRequestError,
    error_answer,
    phrase_of,
    whole,
)
from replay.testing.server.faults import FAULT_HEADER, Fault, FaultQueue, parse_fault
from replay.testing.server.request_log import RequestLog

_PORTAL: Final = (
    b"<!doctype html><title>Welcome</title><p>Accept the terms to use this network."
)
_RETRY_AFTER: Final = "1"  # seconds


def stand_in(fault: Fault | None, request: ClientRequest) -> Answer | None:
    """Return what answers a request in the application's place.

    Args:
        fault: What is to go wrong; None: nothing.
        request: What the client asks.

    Returns:
        None: with this fault, the application is asked.
    """
    if fault is None:
        return None
    if fault.is_status:
        status = int(fault.name)
        is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        wait = fault.value or (_RETRY_AFTER if is_limit else None)
        return error_answer(status, phrase_of(status), wait)
    if fault.name == "captive-portal":
        return whole(200, [(b"content-type", b"text/html")], _PORTAL)
    if fault.name == "redirect":
        location = _with_path(fault.value or "", request.target)
        return whole(307, [(b"location", location)], b"")
    return None


def _with_path(url: str, target: bytes) -> bytes:
    """Return a URL to redirect to; where it has no path, with the request's own."""
    return url.encode() if urlsplit(url).path else url.encode() + target


@asynccontextmanager
async def answered(
    app: ASGIApp, request: ClientRequest, fault: str | None
) -> AsyncIterator[Answer]:
    """Yield the application's answer to a request.

    The application waits until what it sent is taken, and ends where nobody takes it.

    Args:
        app: What answers.
        request: A client's.
        fault: What goes wrong, for it to have a part in; None: nothing.

    Raises:
        EndOfStream: The application ended before its answer, or in the midst of it.
    """
    path, _, query = request.target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method.decode("ascii"),
        "scheme": "http",
        "path": path.decode("ascii"),  # %2F stays as it is, for the routes
        "query_string": query,
        "headers": request.headers,
        FAULT: fault,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body}

    sending, messages = create_memory_object_stream[Message]()
    call = asyncio.ensure_future(app(scope, receive, sending.send))
    call.add_done_callback(lambda _: sending.close())
    try:
        head = await messages.receive()
        yield Answer(head["status"], head["headers"], _body(messages))
    finally:
        messages.close()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


async def _body(messages: MemoryObjectReceiveStream[Message]) -> AsyncIterator[bytes]:
    is_more = True
    while is_more:
        message = await messages.receive()
        is_more = message.get("more_body", False)
        if data := message.get("body"):
            yield data


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


#: The client has gone, or is not heard; or the application ends.
_ENDS: Final = (OSError, h11.LocalProtocolError, EndOfStream)


@attrs.frozen(eq=False)
class Front:
    """Serves clients, each on a connection of its own.

    Args:
        app: What answers.
        admission: Who is let in.
        faults: What is to go wrong.
        log: Where to note what is asked.
    """

    app: ASGIApp
    admission: Admission
    faults: FaultQueue
    log: RequestLog

    async def serve(self, connection: ClientConnection) -> None:
        """Answer a client's requests until one of the two has enough.

        The caller closes the connection.
        """
        with suppress(*_ENDS):
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
        refusal = self.admission.refusal(request)
        try:
            fault = self._fault(request, is_admitted=refusal is None)
            ready = stand_in(fault, request) or refusal
        except (UnknownNameError, ValueError) as error:
            fault, ready = None, error_answer(400, str(error))
        record.fault = None if fault is None else fault.name
        answering: AbstractAsyncContextManager[Answer] = (
            nullcontext(ready) if ready else answered(self.app, request, record.fault)
        )
        async with answering as answer:
            record.status = answer.status
            await _deliver(connection, record.watch(answer), fault)

    def _fault(self, request: ClientRequest, *, is_admitted: bool) -> Fault | None:
        asked_for = request.header(FAULT_HEADER)
        if asked_for is not None and is_admitted:
            return parse_fault(asked_for)
        is_post = request.method == b"POST"
        is_stream = is_post and request.path.endswith("/messages/stream")
        return self.faults.take(is_stream=is_stream)


async def _deliver(
    connection: ClientConnection, answer: Answer, fault: Fault | None
) -> None:
    dated = answer.with_headers((b"date", formatdate(usegmt=True).encode()))
    spoil = None if fault is None else _DELIVERIES.get(fault.name)
    if fault is None or spoil is None:
        await connection.send(dated)
    else:
        await spoil(connection, dated, fault.value)


_Task: TypeAlias = "asyncio.Task[None]"

_FILES_OF_ONE: Final = 4  # its connection, and what else is open for it
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
