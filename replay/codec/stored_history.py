"""Recorded events that aren't kept in memory: their text is read on demand."""

import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import BinaryIO, Final

import attrs

from replay.codec.history import (
    DecodedEvents,
    KnownEvents,
    RecordedEvents,
    decode_known,
)
from replay.codec.json_lines import values_of
from replay.codec.json_scan import Form
from replay.codec.parts import Part
from replay.errors import BackendError, DecodeError, os_failure, wrong_type

KEPT_IN_MEMORY: Final = 8 << 20  #: the largest text that is kept in memory, in bytes


def _check_callable(_: object, __: object, value: Callable[[], BinaryIO]) -> None:
    if not callable(value):
        advice = "SourceText(lambda: io.BytesIO(data))"
        raise wrong_type(value, "a function that opens a text", advice)


@attrs.frozen
class SourceText:
    """A text that is opened again each time it is read.

    Args:
        open_file: Opens it at its beginning.
        source: Its name in messages; None: it was given as a value.
        kept: The largest text that is kept in memory, in bytes.
        block: How much of a larger one is held at once, in bytes.
        is_stream: Tells, once it was opened, whether it was an event stream: then it is
            JSON Lines, even if no line of it is whole.
    """

    _open_file: Callable[[], BinaryIO] = attrs.field(
        alias="open_file", validator=_check_callable
    )
    source: str | None = None
    kept: int = KEPT_IN_MEMORY
    block: int = 1 << 20
    is_stream: Callable[[], bool] = bool  # which returns False

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the text while the block runs; errors within it name the text.

        Raises:
            DecodeError: The block raised it.
            BackendError: The text cannot be read.
        """
        with self.named(), self._open_file() as file:
            yield file

    @contextmanager
    def named(self) -> Iterator[None]:
        """Make errors within the block name the text."""
        try:
            yield
        except DecodeError as error:
            raise attrs.evolve(error, source=self.source) from error.__cause__
        except BackendError:
            raise
        except (EOFError, zlib.error) as error:
            reason = f"cut short or corrupt: {error or type(error).__name__}"
            where = "packed data"
            raise DecodeError(where, reason, self.source) from error
        except OSError as error:
            raise os_failure(str(self.source), error) from error


_SKIPPED: Final = 1 << 20  # bytes that are skipped at once


@attrs.frozen
class Stretch:
    """A stretch of consecutive events in a text."""

    offset: int  #: in bytes from the text's beginning
    size: int  #: in bytes
    count: int  #: how many events it has


class StoredEvents(RecordedEvents):
    """A history whose text isn't in memory, read one stretch after another."""

    def __init__(
        self, text: SourceText, stretches: Sequence[Stretch], form: Form
    ) -> None:
        """Take the locations of the events.

        Args:
            text: The text that holds them.
            stretches: The stretches of events in it, in order.
            form: Their layout; a stretch of an array lacks its brackets.
        """
        self._text = text
        self._stretches = stretches
        self._form = form
        self._firsts = list(accumulate((s.count for s in stretches), initial=0))
        self._latest: tuple[int, RecordedEvents] | None = None

    def __len__(self) -> int:
        return self._firsts[-1]

    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, as it was recorded."""
        for events in self._pieces():
            yield from events.values()

    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*."""
        number = bisect_right(self._firsts, index) - 1
        if self._latest is None or self._latest[0] != number:
            (events,) = self._pieces(self._stretches[number : number + 1])
            self._latest = number, events
        return self._latest[1].value(index - self._firsts[number])

    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield the parts of the history, each with its first index."""
        for start, events in zip(self._firsts, self._pieces(), strict=False):
            yield from events.parts(first + start)

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_latest": None}

    def _pieces(
        self, stretches: Sequence[Stretch] | None = None
    ) -> Iterator[RecordedEvents]:
        with self._text.opened() as file:
            at = 0
            for stretch in self._stretches if stretches is None else stretches:
                _pass_over(file, stretch.offset - at)
                events = events_of(file.read(stretch.size), self._form)
                at = stretch.offset + stretch.size
                if len(events) != stretch.count:
                    where = f"byte {stretch.offset}"
                    reason, hint = "changed since it was opened", "open it again"
                    raise DecodeError(where, reason, hint=hint)
                yield events


def events_of(text: bytes, form: Form) -> KnownEvents | DecodedEvents:
    """Return the events in a stretch of a text; an array's has no brackets.

    Raises:
        DecodeError: It holds something else.
    """
    whole = b"[%b]" % text if form == "array" else text
    return decode_known(whole, form) or DecodedEvents(values_of(whole, form))


def _pass_over(file: BinaryIO, size: int) -> None:
    if file.seekable():
        file.seek(size, 1)
        return
    while size > 0:
        size -= len(file.read(min(size, _SKIPPED))) or size
