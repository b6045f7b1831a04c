"""The log of requests, and of the times at which a stream's events were sent."""

from array import array
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from sys import getsizeof
from time import monotonic
from typing import Final

import attrs

from replay.testing.server.connections import Answer, ClientRequest

_SECRET: Final = ("authorization", "cookie", "proxy-authorization")
_MASK: Final = "***"
_LONGEST_BODY: Final = 1 << 20
_MOST_REQUESTS: Final = 10_000
_MOST_BYTES: Final = 64 << 20  # of memory for all requests
_MOST_TIMES: Final = 100_000


@attrs.define(eq=False)
class _Memory:
    used: int = 0  #: bytes


@attrs.define(eq=False)
class RecordedRequest:
    """A request, and its outcome."""

    method: str
    path: str  #: with the query, as it was sent
    headers: Mapping[str, str]  #: by name in lower case; keys are masked
    body: bytes  #: the first megabyte of it
    received_at: float  #: time at which all of it had arrived, by ``time.monotonic``
    fault: str | None = None  #: name of the fault that it met; None: none
    status: int | None = None  #: of the answer; None: none was sent
    _sent_at: "array[float]" = attrs.field(factory=lambda: array("d"), init=False)
    _size: int = attrs.field(init=False, repr=False)  #: bytes of memory
    _memory: _Memory = attrs.field(factory=_Memory, init=False, repr=False)

    @_size.default
    def _(self) -> int:
        texts = (self.method, self.path, *self.headers, *self.headers.values())
        held = (self.headers, self.body, *texts)
        return sum(map(getsizeof, held))

    @property
    def sent_at(self) -> Sequence[float]:
        """Return the time just before each event of a stream was sent.

        By ``time.monotonic``, in order, for the first 100,000; pings aren't events.
        """
        return tuple(self._sent_at)

    def watch(self, answer: Answer) -> Answer:
        """Return *answer*; if it is a stream, its events will be timed."""
        if not answer.is_stream:
            return answer
        return attrs.evolve(answer, body=self._timed(answer.body))

    def count_in(self, memory: _Memory) -> None:
        """Count this request's memory in *memory*, and no longer where it was."""
        self._memory.used -= self._size
        memory.used += self._size
        self._memory = memory

    async def _timed(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for frame in body:
            if frame.startswith(b"event:") and len(self._sent_at) < _MOST_TIMES:
                self._sent_at.append(monotonic())
                self._size += self._sent_at.itemsize
                self._memory.used += self._sent_at.itemsize
            yield frame


@attrs.define(eq=False)
class RequestLog:
    """A log of the latest requests."""

    _records: deque[RecordedRequest] = attrs.field(factory=deque, init=False)
    _memory: _Memory = attrs.field(factory=_Memory, init=False)

    def add(self, request: ClientRequest) -> RecordedRequest:
        """Add a request that has just arrived, and return its record."""
        headers = [(_text(name), _text(value)) for name, value in request.headers]
        record = RecordedRequest(
            _text(request.method),
            _text(request.target),
            {name: _MASK if name in _SECRET else value for name, value in headers},
            request.body[:_LONGEST_BODY],
            monotonic(),
        )
        self._records.append(record)
        record.count_in(self._memory)
        while len(self._records) > _MOST_REQUESTS or self._memory.used > _MOST_BYTES:
            self._records.popleft().count_in(_Memory())
        return record

    def records(self) -> tuple[RecordedRequest, ...]:
        """Return the latest requests: at most 10,000, and 64 MiB of memory."""
        return tuple(self._records.copy())


def _text(data: bytes) -> str:
    return data.decode("latin-1")
