"""Answers that are packed: honestly, several times, or to be a bomb."""

import asyncio
import gzip
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Final

import attrs

from replay.serving.answers import Answer
from replay.serving.client_connection import ClientConnection

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
