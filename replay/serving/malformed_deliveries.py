"""Answers that are no good HTTP, or more of it than clients take."""

from typing import Final

from replay.serving.answers import Answer
from replay.serving.client_connection import ClientConnection

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
