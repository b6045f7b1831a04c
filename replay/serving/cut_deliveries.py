"""Answers that come late, in part or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final

import attrs

from replay.serving.answers import Answer
from replay.serving.client_connection import ClientConnection

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
