"""HTTP connections to clients: their requests, and answers, even broken ones."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final, TypeAlias

import attrs
import h11

from replay.model.json_text import write_json
from replay.security.hosts import url_of

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

_STREAM: Final = b"text/event-stream"
_FRAMING: Final = (b"content-length", b"transfer-encoding", b"connection")
_ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
_LONGEST_HEAD: Final = 1 << 16
_LONGEST_BODY: Final = 16 << 20
_LONG_BODY: Final = (413, "The body is longer than 16 MiB")
_NO_ROOM: Final = (503, "All bodies together are longer than 64 MiB")
_ROOM: Final = 64 << 20
_UNCOUNTED: Final = 1 << 16  # of each body, so that short ones always have room
_LONG_HEAD: Final = (431, "The headers are longer than 64 KiB")
_TWO_LENGTHS: Final = (400, "Both Content-Length and Transfer-Encoding are given")
_PIECE: Final = 1 << 16
_MOST_IGNORED: Final = 32 << 20  # bytes that a refused client may still send
_PARTING_SECONDS: Final = 5.0
_WITHOUT_BODY: Final = (204, 304)


@attrs.frozen
class Answer:
    """An answer whose body is still to come."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]

    @property
    def is_stream(self) -> bool:
        """Tell whether the body is a stream of events."""
        return dict(self.headers).get(b"content-type", b"").startswith(_STREAM)

    def with_headers(self, *headers: tuple[bytes, bytes]) -> "Answer":
        """Return the answer with *headers* added."""
        return attrs.evolve(self, headers=[*self.headers, *headers])

    def raw_head(self, *framing: tuple[bytes, bytes]) -> bytes:
        """Return the raw head, with *framing* in place of the correct headers."""
        kept = [each for each in self.headers if each[0] not in _FRAMING]
        lines = [b"%s: %s\r\n" % each for each in (*kept, *framing)]
        first = b"HTTP/1.1 %d %s\r\n" % (self.status, phrase_of(self.status).encode())
        return b"".join([first, *lines, b"\r\n"])

    async def whole_body(self) -> bytes:
        """Return the whole body."""
        return b"".join([data async for data in self.body])


async def body_from(*data: bytes) -> AsyncIterator[bytes]:
    """Yield the pieces of a body that is already in memory."""
    for each in data:
        yield each


def whole_answer(status: int, headers: Headers, body: bytes) -> Answer:
    """Return an answer whose body is already in memory."""
    length = (b"content-length", b"%d" % len(body))
    return Answer(status, [*headers, length], body_from(body))


def error_answer(status: int, detail: str, retry_after: str | None = None) -> Answer:
    """Return an error as the service reports it."""
    headers = [(b"content-type", b"application/json")]
    if retry_after is not None:
        headers.append((b"retry-after", retry_after.encode()))
    return whole_answer(status, headers, write_json({"detail": detail}))


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@attrs.frozen
class ClientRequest:
    """A complete HTTP request."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header called *name* (in lower case), or None."""
        values = (value for each, value in self.headers if each == name.encode())
        first = next(values, None)
        return None if first is None else first.decode("latin-1")

    @property
    def path(self) -> str:
        """Return the target without its query, as it was sent."""
        return self.target.partition(b"?")[0].decode("latin-1")


@attrs.define
class RefusedRequestError(Exception):
    """A request that can't be accepted; the answer has its status and detail."""

    status: int
    detail: str


def with_host(target: bytes, headers: Headers, here: bytes) -> tuple[bytes, Headers]:
    """Return a request's target as a path, and its headers with a ``Host``.

    The host of a URL takes precedence over the header; without either, it is *here*,
    the address at which the request arrived.
    """
    others = [each for each in headers if each[0] != b"host"]
    if match := _ABSOLUTE.fullmatch(target):
        host, rest = match.groups()
        path = rest if rest.startswith(b"/") else b"/" + rest
        return path, [(b"host", host), *others]
    if len(others) < len(headers):
        return target, headers
    return target, [(b"host", here), *others]


@attrs.define(eq=False)
class BodyRoom:
    """The memory for the bodies of all requests that arrive or are being answered."""

    left: int = _ROOM  #: bytes


class ClientConnection:
    """An HTTP connection to one client, which can break the rules of HTTP.

    A request must arrive within *seconds*; a long body needs *room*.
    """

    waiting_since: float | None = None  #: by the loop's clock; None: it isn't waiting

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seconds: float,
        room: BodyRoom,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self._room = room
        self._taken = 0  # of it
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        self._is_head = False
        self._takes_body = True
        writer.transport.set_write_buffer_limits(high=0)  # drain() waits for all of it

    async def receive(self) -> ClientRequest | None:
        """Return the next request, or None if there will be none.

        Raises:
            RefusedRequestError: It isn't a request, or it is too long.
            TimeoutError: It took too long to arrive.
        """
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        self._take_room(0)
        self.waiting_since = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._request()
        except h11.RemoteProtocolError as error:
            refused = RefusedRequestError(error.error_status_hint, str(error))
            error.__traceback__ = None  # or else a cycle would keep the body for long
        finally:
            self.waiting_since = None
        raise refused

    async def send(self, answer: Answer, *, is_ended: bool = True) -> None:
        """Send a well-formed answer; unless *is_ended*, its end isn't marked."""
        await self.send_head(answer)
        async for data in answer.body:
            await self.send_data(data)
        if is_ended:
            await self.send_raw(self._http.send(h11.EndOfMessage()) or b"")

    async def send_head(self, answer: Answer) -> None:
        """Send the head of a well-formed answer."""
        self._takes_body = not self._is_head and answer.status not in _WITHOUT_BODY
        head = h11.Response(
            status_code=answer.status,
            headers=[*answer.headers],
            reason=phrase_of(answer.status).encode(),
        )
        await self.send_raw(self._http.send(head))

    async def send_data(self, data: bytes) -> None:
        """Send a part of a well-formed answer's body, unless it can't have one."""
        for start in range(0, len(data) if self._takes_body else 0, _PIECE):
            piece = h11.Data(data=data[start : start + _PIECE])
            await self.send_raw(self._http.send(piece) or b"")

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, and wait until they are with the kernel."""
        self._writer.write(data)
        await self._writer.drain()

    async def refuse(self, answer: Answer) -> None:
        """Send the last answer, to a client that may still be sending.

        Keep reading for a while: closing the connection at once would lose the answer.
        """
        self._take_room(0)
        await self.send(answer.with_headers((b"connection", b"close")))
        self._writer.write_eof()
        ignored = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                while ignored < _MOST_IGNORED and (data := await self._read()):
                    ignored += len(data)

    async def wait_for_close(self) -> None:
        """Wait until the client closes the connection."""
        while await self._read():
            pass

    def reset(self) -> None:
        """Reset the connection."""
        client: socket.socket = self._writer.get_extra_info("socket")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the connection; doing so twice is harmless."""
        self._take_room(0)
        self._writer.close()

    async def _request(self) -> ClientRequest | None:
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None
        self._is_head = head.method == b"HEAD"
        lines = [b"%s: %s\r\n" % each for each in head.headers]
        if (
            len(head.target) + sum(map(len, lines)) > _LONGEST_HEAD
        ):  # h11 only limits a head that is incomplete
            raise RefusedRequestError(*_LONG_HEAD)
        if {b"content-length", b"transfer-encoding"} <= dict(head.headers).keys():
            # RFC 9112, 6.3: it may hide a second request, so the connection must end.
            raise RefusedRequestError(*_TWO_LENGTHS)
        body = await self._body(head)
        host, port, *_ = self._writer.get_extra_info("sockname")
        here = url_of(host, port).removeprefix("http://").encode()
        target, headers = with_host(head.target, list(head.headers), here)
        return ClientRequest(head.method, target, headers, body)

    async def _body(self, head: h11.Request) -> bytes:
        if int(dict(head.headers).get(b"content-length", 0)) > _LONGEST_BODY:
            raise RefusedRequestError(*_LONG_BODY)
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self.send_raw(self._http.send(go_on))
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > _LONGEST_BODY:
                raise RefusedRequestError(*_LONG_BODY)
            self._take_room(len(body))
        return bytes(body)

    def _take_room(self, size: int) -> None:
        """Take the room for a body in place of what was taken before."""
        needed = max(0, size - _UNCOUNTED)
        left = self._room.left + self._taken - needed
        if left < 0:
            raise RefusedRequestError(*_NO_ROOM)
        self._room.left, self._taken = left, needed

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._read())
        return event

    async def _read(self) -> bytes:
        return await self._reader.read(_PIECE)
