"""A client's connection: requests come in, answers go out, well-formed or raw."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias

import attrs
import h11

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

_PIECE: Final = 1 << 16
_LONGEST_BODY: Final = 16 << 20
_STREAM: Final = b"text/event-stream"
_FRAMING: Final = (b"content-length", b"transfer-encoding", b"connection")


@attrs.frozen
class ClientRequest:
    """A request, whole."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """Return a header by its name in small letters; None: it is not there."""
        return dict(self.headers).get(name)


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
        """Return the answer with *headers* too."""
        return attrs.evolve(self, headers=[*self.headers, *headers])

    def raw_head(self, *framing: tuple[bytes, bytes]) -> bytes:
        """Return the head as it goes over the wire, framed as is said and not as is."""
        kept = [each for each in self.headers if each[0] not in _FRAMING]
        lines = [b"%s: %s\r\n" % each for each in (*kept, *framing)]
        phrase = phrase_of(self.status).encode()
        first = b"HTTP/1.1 %d %s\r\n" % (self.status, phrase)
        return b"".join([first, *lines, b"\r\n"])

    async def whole_body(self) -> bytes:
        """Return the body, once all of it is there."""
        return b"".join([data async for data in self.body])


def phrase_of(status: int) -> str:
    """Return what an answer's status is called."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


class ClientConnection:
    """Speaks HTTP with one client, and can break its rules."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        writer.transport.set_write_buffer_limits(high=0)  # drained is with the kernel

    async def receive(self) -> ClientRequest | None:
        """Return the next request; None: there will be none, or it is too long.

        Raises:
            RemoteProtocolError: h11's, of what is no request.
        """
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > _LONGEST_BODY:
                return None
        return ClientRequest(head.method, head.target, list(head.headers), bytes(body))

    async def send(self, answer: Answer, *, is_ended: bool = True) -> None:
        """Send a well-formed answer.

        Args:
            answer: What to send.
            is_ended: Whether to say, in the end, that this was all.
        """
        await self.send_head(answer)
        async for data in answer.body:
            await self.send_data(data)
        if is_ended:
            await self.send_raw(self._http.send(h11.EndOfMessage()) or b"")

    async def send_head(self, answer: Answer) -> None:
        """Send the beginning of a well-formed answer."""
        head = h11.Response(
            status_code=answer.status,
            headers=[*answer.headers],
            reason=phrase_of(answer.status).encode(),
        )
        await self.send_raw(self._http.send(head))

    async def send_data(self, data: bytes) -> None:
        """Send a piece of a well-formed answer."""
        await self.send_raw(self._http.send(h11.Data(data=data)) or b"")

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, and wait until they are on their way."""
        self._writer.write(data)
        await self._writer.drain()

    async def outlast(self) -> None:
        """Wait until the client closes the connection."""
        while await self._reader.read(_PIECE):
            pass

    def reset(self) -> None:
        """Break the connection off."""
        client: socket.socket = self._writer.get_extra_info("socket")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """End the connection; doing so twice is harmless."""
        self._writer.close()

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_PIECE))
        return event
