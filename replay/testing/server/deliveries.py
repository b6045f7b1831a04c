"""Deliveries of an answer: whole, or late, in part, malformed or not at all."""

import asyncio
import gzip
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import attrs

from replay.testing.server.connections import Answer, ClientConnection, body_from
from replay.testing.server.faults import Fault

_CLOSE: Final = (b"connection", b"close")
_LARGE_HEADER: Final = 70 * 1024  # bytes; Python's own client takes 65,536 a line
_MANY_HEADERS: Final = 200  # Python's own client takes 100
_ENCODINGS: Final = 6  # urllib3 takes 5
_DRIP_SECONDS: Final = 0.25
_FIRST_OF_SEVERAL: Final = 0xC0  # in UTF-8, the lowest first byte of a longer character
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_BLOCK: Final = 1 << 17
_PADDING: Final = b"\n" * _BLOCK  # ignored in JSON and in event streams


async def deliver(
    connection: ClientConnection, answer: Answer, fault: Fault | None
) -> None:
    """Send an answer, spoiled by *fault* unless that is None."""
    spoil = None if fault is None else _DELIVERIES.get(fault.name)
    if fault is None or spoil is None:
        await connection.send(answer)
    else:
        await spoil(_Delivery(connection, answer, fault.value))


@attrs.frozen(eq=False)
class _Delivery:
    """The delivery of one answer, with a method for each fault, of the same name."""

    connection: ClientConnection
    answer: Answer
    value: str | None  #: None: the fault's default

    async def close(self) -> None:
        self.connection.close()

    async def garbage(self) -> None:
        await self._send_last(b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")

    async def two_lengths(self) -> None:
        body = await self.answer.whole_body()
        lengths = [(b"content-length", b"%d" % (len(body) + more)) for more in (0, 7)]
        await self._send_last(self.answer.raw_head(*lengths, _CLOSE) + body)

    async def bad_chunk(self) -> None:
        """Send two chunks; the size of the second one isn't a number."""
        body = await self.answer.whole_body()
        head = self.answer.raw_head((b"transfer-encoding", b"chunked"), _CLOSE)
        half = len(body) // 2
        parts = half, body[:half], body[half:]
        await self._send_last(head + b"%x\r\n%s\r\nzz\r\n%s\r\n0\r\n\r\n" % parts)

    async def wrong_length(self) -> None:
        part = self._part(await self.answer.whole_body())
        length = (b"content-length", b"%d" % len(part))
        await self._send_last(self.answer.raw_head(length, _CLOSE) + part)

    async def truncate(self) -> None:
        body = await self.answer.whole_body()
        await self.connection.send_head(self.answer)
        await self.connection.send_data(self._part(body))
        self.connection.close()

    async def reset(self) -> None:
        body = self.answer.body
        part = _up_to(body, int(self.value)) if self.value else _into_character(body)
        await self.connection.send(attrs.evolve(self.answer, body=part), is_ended=False)
        self.connection.reset()

    async def large_header(self) -> None:
        header = (b"x-large", b"x" * int(self.value or _LARGE_HEADER))
        await self.connection.send(self.answer.with_headers(header))

    async def many_headers(self) -> None:
        count = int(self.value or _MANY_HEADERS)
        more = [(b"x-header-%d" % number, b"x") for number in range(count)]
        await self.connection.send(self.answer.with_headers(*more))

    async def gzip(self) -> None:
        body = await self.answer.whole_body()
        padding = max(0, int(self.value or 0) - len(body))
        await self._send_encoded(compressed(body, padding), 1)

    async def encodings(self) -> None:
        body = await self.answer.whole_body()
        count = int(self.value or _ENCODINGS)
        for _ in range(count):
            body = gzip.compress(body)
        await self._send_encoded(body_from(body), count)

    async def stall(self) -> None:
        await self.connection.send(attrs.evolve(self.answer, body=self._stalled()))

    async def _stalled(self) -> AsyncIterator[bytes]:
        """Yield a stream's first event, or half of another body; later, the rest."""
        is_due = True
        async for data in self.answer.body:
            half = 0 if self.answer.is_stream else (len(data) + 1) // 2
            part = len(data) if data.startswith(b"event:") else half
            if is_due and part:
                is_due = False
                yield data[:part]
                if self.value:
                    await asyncio.sleep(float(self.value))
                else:
                    await self.connection.wait_for_close()
                yield data[part:]
            else:
                yield data

    async def drip(self) -> None:
        body = _dripped(self.answer.body, self._seconds())
        await self.connection.send(attrs.evolve(self.answer, body=body))

    async def drip_headers(self) -> None:
        body = await self.answer.whole_body()
        length = (b"content-length", b"%d" % len(body))
        head = self.answer.raw_head(length, _CLOSE)
        async for byte in _dripped(body_from(head), self._seconds()):
            await self.connection.send_raw(byte)
        await self._send_last(body)

    def _seconds(self) -> float:
        return _DRIP_SECONDS if self.value is None else float(self.value)

    def _part(self, body: bytes) -> bytes:
        return body[: len(body) // 2 if self.value is None else int(self.value)]

    async def _send_last(self, data: bytes) -> None:
        await self.connection.send_raw(data)
        self.connection.close()

    async def _send_encoded(self, body: AsyncIterator[bytes], count: int) -> None:
        """Send a body that was compressed with gzip *count* times."""
        kept = [each for each in self.answer.headers if each[0] != b"content-length"]
        encoding = (b"content-encoding", b", ".join([b"gzip"] * count))
        await self.connection.send(Answer(self.answer.status, [*kept, encoding], body))


_DELIVERIES: Final[Mapping[str, Callable[[_Delivery], Awaitable[None]]]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(_Delivery.bad_chunk, _Delivery.close, _Delivery.drip, _Delivery.drip_headers),
        *(_Delivery.encodings, _Delivery.garbage, _Delivery.gzip, _Delivery.reset),
        *(_Delivery.large_header, _Delivery.many_headers, _Delivery.stall),
        *(_Delivery.truncate, _Delivery.two_lengths, _Delivery.wrong_length),
    )
}


async def compressed(body: bytes, padding: int) -> AsyncIterator[bytes]:
    """Yield one gzip stream, never holding more than a block of it in memory.

    It holds *padding* bytes of white space, then *body*. A block of white space is
    compressed once: flushed, it is independent and can be sent as often as needed.
    Other clients get their turn between two blocks.
    """
    blocks, rest = divmod(padding, _BLOCK)
    compress = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = compress.compress(_PADDING) + compress.flush(zlib.Z_FULL_FLUSH)
    yield _GZIP_HEAD
    checksum = 0
    for _ in range(blocks):
        checksum = zlib.crc32(_PADDING, checksum)
        yield block
        await asyncio.sleep(0)
    last = b"\n" * rest + body
    checksum = zlib.crc32(last, checksum)
    size = (padding + len(body)) % (1 << 32)
    end = compress.compress(last) + compress.flush()
    yield end + struct.pack("<II", checksum, size)


async def _up_to(body: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    async for data in body:
        yield data[:count]
        count -= len(data)
        if count <= 0:
            return


async def _into_character(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the body cut within its first long character, or before its last byte."""
    last = b""
    async for data in body:
        yield last
        last = data
        for place, byte in enumerate(data):
            if byte >= _FIRST_OF_SEVERAL:
                yield data[: place + 1]
                return
    yield last[:-1]


async def _dripped(body: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    async for data in body:
        for byte in data:
            await asyncio.sleep(seconds)
            yield bytes([byte])
