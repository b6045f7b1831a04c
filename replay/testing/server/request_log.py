"""What a server was asked, and when it sent each event of its streams."""

from array import array
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Final

import attrs

from replay.testing.server.connections import ClientRequest

_SECRET: Final = ("authorization", "cookie", "proxy-authorization")
_MASK: Final = "***"
_LONGEST_BODY: Final = 1 << 20
_MOST_REQUESTS: Final = 10_000
_MOST_BYTES: Final = 64 << 20  # of all bodies
_MOST_TIMES: Final = 100_000


@attrs.define(eq=False)
class RecordedRequest:
    """A request, and what became of it."""

    method: str
    path: str  #: with the query, as it was sent
    headers: Mapping[str, str]  #: by their names in small letters; keys are masked
    body: bytes  #: the first megabyte of it
    received_at: float  #: when it had come whole, by ``time.monotonic``
    fault: str | None = None  #: what went wrong with it on purpose; None: nothing
    status: int | None = None  #: of the answer; None: none was sent
    _sent_at: "array[float]" = attrs.field(factory=lambda: array("d"), init=False)
    _rest: bytes = attrs.field(default=b"", init=False, repr=False)

    @property
    def sent_at(self) -> Sequence[float]:
        """Return when each event of a stream was about to be sent.

        By ``time.monotonic``, in order, for the first 100,000; pings are no events.
        """
        return tuple(self._sent_at)

    async def watch(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the *body* of a stream, and note when each event in it goes on."""
        async for data in body:
            *frames, rest = (self._rest + data).split(b"\n\n")
            self._rest = _ends_of(rest)
            count = sum(not each.startswith(b":") for each in frames)
            room = _MOST_TIMES - len(self._sent_at)
            self._sent_at.extend([monotonic()] * min(count, room))
            yield data


def _ends_of(rest: bytes) -> bytes:
    """Return what tells a ping, and where a frame ends: its first and last byte."""
    return rest if len(rest) < len(b"a.z") else rest[:1] + b"." + rest[-1:]


class RequestLog:
    """The latest requests."""

    def __init__(self) -> None:
        self._records: deque[RecordedRequest] = deque()
        self._size = 0

    def add(self, request: ClientRequest) -> RecordedRequest:
        """Return the record of a request that has just come."""
        headers = [(_text(name), _text(value)) for name, value in request.headers]
        record = RecordedRequest(
            _text(request.method),
            _text(request.target),
            {name: _MASK if name in _SECRET else value for name, value in headers},
            request.body[:_LONGEST_BODY],
            monotonic(),
        )
        self._records.append(record)
        self._size += len(record.body)
        while len(self._records) > _MOST_REQUESTS or self._size > _MOST_BYTES:
            self._size -= len(self._records.popleft().body)
        return record

    def records(self) -> tuple[RecordedRequest, ...]:
        """Return the latest 10,000 requests, in the order in which they came.

        They are fewer where their bodies come to more than 64 MiB.
        """
        return tuple(self._records.copy())


def _text(data: bytes) -> str:
    return data.decode("latin-1")
