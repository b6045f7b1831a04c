"""Answers, as they are before they go over the wire."""

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias

import attrs

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

_STREAM: Final = b"text/event-stream"
_FRAMING: Final = (b"content-length", b"transfer-encoding", b"connection")


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
