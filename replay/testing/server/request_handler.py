"""Request handling: admission, faults and answers."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import Final
from urllib.parse import urlsplit

import attrs
import h11
from anyio import EndOfStream, create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream
from starlette.types import ASGIApp, Message

from replay.errors import UnknownNameError
from replay.security.hosts import is_loopback
from replay.testing.server.chat import FAULT
from replay.testing.server.connections import (
    Answer,
    ClientConnection,
    ClientRequest,
    RefusedRequestError,
    error_answer,
    phrase_of,
    whole_answer,
)
from replay.testing.server.deliveries import deliver
from replay.testing.server.faults import FAULT_HEADER, Fault, FaultQueue, parse_fault
from replay.testing.server.request_log import RequestLog
from replay.testing.server.settings import ServerSettings

_GUARDED: Final = "/api/"
_PORTAL: Final = (
    b"<!doctype html><title>Welcome</title><p>Accept the terms to use this network."
)
_RETRY_AFTER: Final = "1"  # seconds

#: Errors if the client is gone or can't be answered, or the application failed.
_ENDS: Final = (OSError, h11.LocalProtocolError, EndOfStream)


@attrs.frozen(eq=False)
class RequestHandler:
    """A handler that answers the requests of each connection, or lets them fail."""

    app: ASGIApp
    settings: ServerSettings
    faults: FaultQueue
    log: RequestLog

    async def serve(self, connection: ClientConnection) -> None:
        """Answer requests until either side ends; the caller closes the connection."""
        with suppress(*_ENDS):
            try:
                while (request := await connection.receive()) is not None:
                    await self._answer(connection, request)
                    del request  # or else its body would be kept until the next one
            except RefusedRequestError as refused:
                answer = error_answer(refused.status, refused.detail)
            else:
                return
            await connection.refuse(answer)  # here, since the error holds the body

    async def _answer(
        self, connection: ClientConnection, request: ClientRequest
    ) -> None:
        record = self.log.add(request)
        refused = refusal(self.settings, request)
        try:
            fault = self._fault(request, is_admitted=refused is None)
            canned = None if fault is None else _canned_answer(fault, request)
            ready = canned or refused
        except (UnknownNameError, ValueError) as error:
            fault, ready = None, error_answer(400, str(error))
        record.fault = None if fault is None else fault.name
        async with application_answer(self.app, request, record.fault, ready) as answer:
            record.status = answer.status
            dated = answer.with_headers((b"date", formatdate(usegmt=True).encode()))
            await deliver(connection, record.watch(dated), fault)

    def _fault(self, request: ClientRequest, *, is_admitted: bool) -> Fault | None:
        asked_for = request.header(FAULT_HEADER)
        if asked_for is not None and is_admitted:
            return parse_fault(asked_for)
        is_post = request.method == b"POST"
        is_stream = is_post and request.path.endswith("/messages/stream")
        return self.faults.take(is_stream=is_stream)


def refusal(settings: ServerSettings, request: ClientRequest) -> Answer | None:
    """Return the answer to a request that isn't admitted, or None if it is.

    A server on a loopback address only answers to loopback names: otherwise a web page
    could read from it, through a domain that resolves to this machine. A browser lets
    a page of any site send some requests, but says which site it is.
    """
    host, origin = request.header("host") or "", request.header("origin")
    if is_loopback(settings.host) and not is_loopback(_name_in(f"//{host}")):
        return error_answer(421, "This host is not served")
    if origin is not None:
        is_own = origin.partition("://")[2] == host
        if not (is_own or is_loopback(_name_in(origin))):
            return error_answer(403, "This origin is not served")
    if settings.api_key is None or not request.path.startswith(_GUARDED):
        return None
    given = request.header("authorization")
    if given is None:
        return error_answer(401, "Not authenticated")
    expected = f"Bearer {settings.api_key}".encode()
    if hmac.compare_digest(given.encode("latin-1"), expected):
        return None
    return error_answer(401, "Invalid authentication token")


def _name_in(url: str) -> str:
    """Return the name of the host in a URL; empty if there is none."""
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def _canned_answer(fault: Fault, request: ClientRequest) -> Answer | None:
    """Return the answer to send instead of the application's, or None to ask it."""
    if fault.is_status:
        status = int(fault.name)
        wait = fault.value or (_RETRY_AFTER if status == 429 else None)  # noqa: PLR2004 - the fault's name
        return error_answer(status, phrase_of(status), wait)
    if fault.name == "captive-portal":
        return whole_answer(200, [(b"content-type", b"text/html")], _PORTAL)
    if fault.name == "redirect":
        url = (fault.value or "").encode()
        location = url if urlsplit(url).path else url + request.target
        return whole_answer(307, [(b"location", location)], b"")
    return None


@asynccontextmanager
async def application_answer(
    app: ASGIApp,
    request: ClientRequest,
    fault: str | None = None,
    ready: Answer | None = None,
) -> AsyncIterator[Answer]:
    """Yield the application's answer to a request, or the one that is *ready*.

    The application waits until each piece is taken, and is cancelled when the caller
    takes no more. It is given the name of the *fault*, which it may have to produce.

    Raises:
        EndOfStream: The application failed before the end of its answer.
    """
    if ready is not None:
        yield ready
        return
    path, _, query = request.target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method.decode("ascii"),
        "scheme": "http",
        "path": path.decode("ascii"),  # still quoted: an id may hold a slash
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
