"""Answers that come late, in part or not at all."""

import asyncio
import gzip
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final

import attrs

from replay.testing.server.connections import Answer, ClientConnection

_LARGE: Final = 70 * 1024  # bytes; Python's own client takes 65,536 a line
_MANY: Final = 200  # Python's own client takes 100
_CLOSE: Final = (b"connection", b"close")


async def garbage(connection: ClientConnection, _: Answer, __: str | None) -> None:
    """Send what is no HTTP."""
    await connection.send_raw(b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")
    connection.close()


async def two_lengths(
    connection: ClientConnection, answer: Answer, _: str | None
) -> None:
    """Announce two lengths of one body."""
    body = await answer.whole_body()
    lengths = [(b"content-length", b"%d" % (len(body) + more)) for more in (0, 7)]
    await connection.send_raw(answer.raw_head(*lengths, _CLOSE) + body)
    connection.close()


async def bad_chunk(
    connection: ClientConnection, answer: Answer, _: str | None
) -> None:
    """Send the body in chunks, of which the second one's size is no number."""
    body = await answer.whole_body()
    head = answer.raw_head((b"transfer-encoding", b"chunked"), _CLOSE)
    half = len(body) // 2
    chunks = b"%x\r\n%s\r\nzz\r\n%s\r\n0\r\n\r\n" % (half, body[:half], body[half:])
    await connection.send_raw(head + chunks)
    connection.close()


async def large_header(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send a header of so many bytes, too."""
    size = int(value or _LARGE)
    await connection.send(answer.with_headers((b"x-large", b"x" * size)))


async def many_headers(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send so many headers more."""
    more = [(b"x-header-%d" % number, b"x") for number in range(int(value or _MANY))]
    await connection.send(answer.with_headers(*more))


_ENCODINGS: Final = 6  # urllib3 takes 5
_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_BLOCK: Final = 1 << 17
_PADDING: Final = b"\n" * _BLOCK  # nothing in JSON, and in a stream of events


async def pack(connection: ClientConnection, answer: Answer, value: str | None) -> None:
    """Send the body with gzip, after as much white space as makes it so many bytes."""
    body = await answer.whole_body()
    pieces = packed(body, max(0, int(value or 0) - len(body)))
    await connection.send(attrs.evolve(_unframed(answer, b"gzip"), body=pieces))


async def pack_repeatedly(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send the body with so many encodings on top of each other, all of them gzip."""
    body = await answer.whole_body()
    count = int(value or _ENCODINGS)
    for _ in range(count):
        body = gzip.compress(body)

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    head = _unframed(answer, b", ".join([b"gzip"] * count))
    await connection.send(attrs.evolve(head, body=pieces()))


def _unframed(answer: Answer, encoding: bytes) -> Answer:
    """Return the answer's head, with an encoding and without its body's length."""
    kept = [each for each in answer.headers if each[0] != b"content-length"]
    return attrs.evolve(answer, headers=[*kept, (b"content-encoding", encoding)])


async def packed(body: bytes, padding: int) -> AsyncIterator[bytes]:
    """Yield one gzip stream, of which no more than a block is ever in memory.

    A block of padding is compressed once: flushed, it stands for itself, and can be
    sent as often as it is needed. Between two, other clients get their turn.

    Args:
        body: What it ends with.
        padding: How many bytes of white space come before.
    """
    blocks, rest = divmod(padding, _BLOCK)
    compress = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = compress.compress(_PADDING) + compress.flush(zlib.Z_FULL_FLUSH)
    yield _HEAD
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


_DRIP_SECONDS: Final = 0.25
_FIRST_OF_SEVERAL: Final = 0xC0  # in UTF-8, a byte that is not the last of a character


async def close(connection: ClientConnection, _: Answer, __: str | None) -> None:
    """Send nothing."""
    connection.close()


async def reset(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Break off within a character of the body, or after so many bytes of it."""
    pieces = _up_to(answer.body, int(value)) if value else _into_character(answer.body)
    await connection.send(attrs.evolve(answer, body=pieces), is_ended=False)
    connection.reset()


async def truncate(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send half of the body, or so many bytes of it, where the whole was announced."""
    body = await answer.whole_body()
    await connection.send_head(answer)
    await connection.send_data(_part(body, value))
    connection.close()


async def wrong_length(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send half of the body, or so many bytes of it, as if it were the whole."""
    part = _part(await answer.whole_body(), value)
    length = (b"content-length", b"%d" % len(part))
    head = answer.raw_head(length, (b"connection", b"close"))
    await connection.send_raw(head + part)
    connection.close()


async def stall(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send a part, then nothing for so many seconds, or until the client goes.

    The part is the first event of a stream, or half of another body.
    """
    wait = partial(asyncio.sleep, float(value)) if value else connection.outlast
    await connection.send(attrs.evolve(answer, body=_stalled(answer, wait)))


async def drip(connection: ClientConnection, answer: Answer, value: str | None) -> None:
    """Send the body byte by byte, with so many seconds before each."""
    body = _dripped(answer.body, _seconds(value))
    await connection.send(attrs.evolve(answer, body=body))


async def drip_headers(
    connection: ClientConnection, answer: Answer, value: str | None
) -> None:
    """Send the head byte by byte, with so many seconds before each."""
    body = await answer.whole_body()
    length = (b"content-length", b"%d" % len(body))
    for byte in answer.raw_head(length, (b"connection", b"close")):
        await asyncio.sleep(_seconds(value))
        await connection.send_raw(bytes([byte]))
    await connection.send_raw(body)
    connection.close()


def _seconds(value: str | None) -> float:
    return _DRIP_SECONDS if value is None else float(value)


def _part(body: bytes, value: str | None) -> bytes:
    return body[: len(body) // 2 if value is None else int(value)]


async def _up_to(body: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    async for data in body:
        yield data[:count]
        count -= len(data)
        if count <= 0:
            return


async def _into_character(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the body into its first long character, or all but its last byte."""
    last = b""
    async for data in body:
        yield last
        last = data
        for place, byte in enumerate(data):
            if byte >= _FIRST_OF_SEVERAL:
                yield data[: place + 1]
                return
    yield last[:-1]


async def _stalled(
    answer: Answer, wait: Callable[[], Awaitable[None]]
) -> AsyncIterator[bytes]:
    is_waiting_due = True
    async for data in answer.body:
        place = _end_of_part(data, is_stream=answer.is_stream) if is_waiting_due else 0
        if place:
            is_waiting_due = False
            yield data[:place]
            await wait()
        yield data[place:]


def _end_of_part(data: bytes, *, is_stream: bool) -> int:
    """Return how much of *data* comes before a stall; 0: it is too early to stall."""
    if not is_stream:
        return (len(data) + 1) // 2
    event = data.find(b"event:")
    return event + 1 and data.find(b"\n\n", event) + 2


async def _dripped(body: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    async for data in body:
        for byte in data:
            await asyncio.sleep(seconds)
            yield bytes([byte])
