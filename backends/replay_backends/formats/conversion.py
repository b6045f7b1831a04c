"""The conversion of a recording's session to the JSON text of a session.

A large text is kept in a temporary file. If it may not be there, or the disk is full,
the recording is converted again each time it is read, so that it needs no memory.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, Self

import attrs

from replay import ConversionReport, Limits, Session
from replay.authoring import (
    KEPT_IN_MEMORY,
    SourceText,
    may_use_disk,
    read_sessions,
    temporary_file,
    write_decoded,
)
from replay.errors import BackendError
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
        stored: Stores what a stream holds, and returns what opens it; takes the source,
            too. None: a large recording is always converted again.
    """

    format: str
    conversion: Conversion
    source: str
    keep: str | None = None
    prefix: str = ""
    stored: Callable[[BinaryIO, str], Callable[[], BinaryIO]] | None = None

    def session(self, *, strict: bool, limits: Limits) -> Session:
        """Return the session, with the report of its conversion.

        Raises:
            DecodeError: The recording holds something that cannot be converted.
            LimitExceededError: One of its records would become very many events.
        """
        build = self._builder(limits)
        with _Store(temporary_file(KEPT_IN_MEMORY)) as store:
            store.fill(self._events(build))
            head = write_decoded(build.header())[:-1] + b',"events":['
            text = self._text(head, store, limits)
        (session,) = read_sessions(
            text,
            session_id=self.conversion.session_id,
            strict=strict,
            limits=limits,
        )
        return attrs.evolve(session, format=self.format, report=build.report)

    def _builder(self, limits: Limits) -> EventBuilder:
        report = ConversionReport(self.format, "import", self.conversion.session_id)
        return EventBuilder(report, self.keep == "all", self.prefix, limits)

    def _events(self, build: EventBuilder) -> Iterator[bytes]:
        converter = self.conversion.converter(build)
        for record in self.conversion.records(build.report):
            build.begin(record)
            build.report.count(*converter.record(record))
            yield from map(write_decoded, build.drain())
        converter.end()
        yield from map(write_decoded, build.drain())

    def _text(self, head: bytes, store: "_Store", limits: Limits) -> SourceText:
        """Return the session's text, whose events are in the store if it took them."""
        if store.is_complete and store.is_small:
            whole = b"".join([head, *store.pieces(), _END])
            return SourceText(partial(io.BytesIO, whole), self.source)
        open_text: Callable[[], BinaryIO] = partial(self._convert_again, head, limits)
        if self.stored and store.is_complete:
            with suppress(BackendError), _stream([head], store.pieces()) as stream:
                open_text = self.stored(stream, self.source)
        return SourceText(open_text, self.source, kept=0)

    def _convert_again(self, head: bytes, limits: Limits) -> BinaryIO:
        return _stream([head], _separated(self._events(self._builder(limits))))


class _Store:
    """The text of events: in memory, or if it is large in a file that has no name."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0
        self.is_complete = True  #: it took all events

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def is_small(self) -> bool:
        """Tell whether the text is small enough for memory."""
        return self._size <= KEPT_IN_MEMORY

    def fill(self, events: Iterable[bytes]) -> None:
        """Take events as long as there is a place for them; convert all."""
        for event in events:
            self._size += len(event) + 1
            if self.is_complete:
                has_place = self.is_small or may_use_disk()
                self.is_complete = has_place and self._write(event)

    def _write(self, event: bytes) -> bool:
        try:
            self._file.writelines((b",", event))
        except OSError:  # such as a full disk
            return False
        return True

    def pieces(self) -> Iterator[bytes]:
        """Yield what is between the brackets of the list of events."""
        self._file.seek(1)  # past the first comma
        return iter(partial(self._file.read, _BUFFER), b"")


def _separated(events: Iterator[bytes]) -> Iterator[bytes]:
    yield next(events, b"")
    for event in events:
        yield b"," + event


def _stream(*pieces: Iterable[bytes]) -> BinaryIO:
    """Return a stream of the pieces of a text but for its end."""
    return io.BufferedReader(_Generated(chain(*pieces, [_END])), _BUFFER)


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
