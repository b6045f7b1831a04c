"""The conversion of a recording's session to the JSON text of a session.

A large one is converted again each time it is read, so that it needs no memory.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import attrs

from replay import ConversionReport, Limits, Session
from replay.authoring import KEPT_IN_MEMORY, SourceText, read_sessions, write_decoded
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.recording import Fate, Record

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER: Final = 1 << 17
_END: Final = b"]}"


class Converter(Protocol):
    """What turns the records of one session into events, which a builder collects."""

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record; return what became of it, and its kind."""

    def end(self) -> None:
        """Add the events that were held back, after the last record."""


@attrs.frozen
class Conversion:
    """How one session of a recording is converted."""

    session_id: str
    #: Reads its records from the beginning, and notes what is broken in the report.
    records: Callable[[ConversionReport], Iterator[Record]]
    converter: Callable[[EventBuilder], Converter]


@attrs.frozen
class ConvertedText:
    """The text of a converted session.

    Args:
        format: The format's name.
        conversion: How it is converted.
        source: The recording's name in messages.
        keep: ``"all"`` keeps bookkeeping, too, as unknown events.
        prefix: The beginning of the types of unknown events; empty: the format's name.
    """

    format: str
    conversion: Conversion
    source: str
    keep: str | None = None
    prefix: str = ""

    def session(self, *, strict: bool, limits: Limits) -> Session:
        """Return the session, with the report of its conversion.

        Raises:
            DecodeError: The recording holds something that cannot be converted.
        """
        build = self._builder()
        kept: list[bytes] = []
        size = 0
        for event in self._events(build):
            size += len(event) + 1
            if size <= KEPT_IN_MEMORY:
                kept.append(event)
        head = write_decoded(build.header())[:-1] + b',"events":['
        if size <= KEPT_IN_MEMORY:
            whole = head + b",".join(kept) + _END
            open_text: Callable[[], BinaryIO] = partial(io.BytesIO, whole)
        else:
            open_text = partial(self._open, head)
        (session,) = read_sessions(
            SourceText(open_text, self.source),
            session_id=self.conversion.session_id,
            strict=strict,
            limits=limits,
        )
        return attrs.evolve(session, format=self.format, report=build.report)

    def _builder(self) -> EventBuilder:
        report = ConversionReport(self.format, "import", self.conversion.session_id)
        return EventBuilder(report, self.keep == "all", self.prefix)

    def _events(self, build: EventBuilder) -> Iterator[bytes]:
        converter = self.conversion.converter(build)
        for record in self.conversion.records(build.report):
            build.at = record.at
            build.report.count(*converter.record(record))
            yield from map(write_decoded, build.drain())
        converter.end()
        yield from map(write_decoded, build.drain())

    def _open(self, head: bytes) -> BinaryIO:
        return io.BufferedReader(_Generated(self._pieces(head)), _BUFFER)

    def _pieces(self, head: bytes) -> Iterator[bytes]:
        yield head
        for number, event in enumerate(self._events(self._builder())):
            yield b"," + event if number else event
        yield _END


class _Generated(io.RawIOBase):
    """A stream of pieces that are made as they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._waiting = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        if not self._waiting:
            self._waiting = memoryview(b"".join(self._next_pieces()))
        with memoryview(buffer) as view:
            count = min(len(view), len(self._waiting))
            view[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count

    def _next_pieces(self) -> Iterator[bytes]:
        """Yield the next pieces, as many as a buffer holds: most are small."""
        size = 0
        for piece in self._pieces:
            yield piece
            size += len(piece)
            if size >= _BUFFER:
                return
