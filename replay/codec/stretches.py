"""A list of events too large for memory, cut into stretches of whole events.

Where a stretch ends is guessed from what stands between its first two events, and the
guess is right where the stretch decodes. Elsewhere, brackets are counted.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import msgspec

from replay.codec.checks import Checks, Where
from replay.codec.history import DecodedEvents
from replay.codec.json_scan import (
    MARK,
    Window,
    end_of_events,
    value_end,
    values_end,
    values_of,
)
from replay.codec.schema import scan
from replay.codec.stored_history import SourceText, Stretch
from replay.errors import DecodeError
from replay.model.json_text import judge, parse

_BLOCK: Final = 1 << 20  # bytes
_LATER: Final = bytes(range(0x80, 0xC0))  # of a character's bytes, all but the first
_LINE: Final = re.compile(r"line (\d+), column (\d+)")
_BYTE: Final = re.compile(r"byte (\d+)")
_INDEX: Final = re.compile(r"\$\[(\d+)\]")


@attrs.frozen
class Place:
    """Where a stretch begins in a text."""

    byte: int  #: from 0
    line: int = 1  #: from 1
    column: int = 1  #: in characters, from 1


def place_of(text: SourceText, offset: int) -> Place:
    """Return the place of the byte at *offset*; what precedes it is read.

    Args:
        text: What holds it.
        offset: In bytes, from 0.
    """
    line, column, left = 1, 1, offset
    with text.opened() as file:
        while left and (block := file.read(min(left, _BLOCK))):
            is_first, left = left == offset, left - len(block)
            if is_first:
                block = block.removeprefix(MARK)
            line += block.count(b"\n")
            _, newline, tail = block.rpartition(b"\n")
            column = len(tail.translate(None, _LATER)) + (1 if newline else column)
    return Place(offset, line, column)


def fault(text: bytes) -> DecodeError:
    """Return what is wrong with a text that is no JSON."""
    error = DecodeError("line 1, column 1", "not JSON")
    try:
        judge(text)
    except DecodeError as found:
        error = found
    return error


def moved(  # noqa: PLR0913, PLR0917 - what makes a place
    error: DecodeError,
    text: SourceText,
    offset: int,
    shift: int,
    where: Where,
    first: int,
) -> DecodeError:
    """Return the error of a stretch as one of the whole text.

    Args:
        error: What reading the stretch ended in.
        text: The whole.
        offset: Where the stretch begins in it, in bytes.
        shift: How many bytes, all ASCII, were put before it to read it.
        where: Tells the places of the list's events.
        first: The index that the stretch's first event has there.
    """
    if found := _INDEX.match(error.where):
        moved_to = where(int(found[1]) + first) + error.where[found.end() :]
    elif found := _BYTE.match(error.where):
        moved_to = f"byte {int(found[1]) + offset - shift}"
    elif found := _LINE.match(error.where):
        place = place_of(text, offset)
        line, column = map(int, found.groups())
        column += place.column - 1 - shift if line == 1 else 0
        moved_to = f"line {line + place.line - 1}, column {column}"
    else:
        moved_to = error.where
    return attrs.evolve(error, where=moved_to)


_NO_VALUE: Final = (b",", b":", b"}", b"]")  # what no value begins with
_BETWEEN: Final = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+\{")


@attrs.define(eq=False)
class Stretches:
    """Cuts the list that a window has come to.

    Args:
        text: What is read; again, to tell where an error is.
        window: Just past the list's opening bracket.
        checks: What is checked of each event.
        where: Tells the place of each event.
    """

    _text: SourceText
    _window: Window
    _checks: Checks
    _where: Where
    oddities: list[tuple[str, str]] = attrs.field(factory=list, init=False)
    _first: int = attrs.field(default=0, init=False)

    def __iter__(self) -> Iterator[Stretch]:
        """Yield the stretches; the window is past the closing bracket then.

        Raises:
            DecodeError: It is no list, or an event does not pass the checks.
        """
        while not self._is_at_end():
            stretch = self._next()
            yield stretch
            self._first += stretch.count
            self._window.drop(stretch.size)

    def _is_at_end(self) -> bool:
        """Pass over what stands before the next event, or over the list's end."""
        if self._first == 0:
            if self._peek() != b"]":
                return False
        elif self._peek() == b",":
            self._window.drop(1)
            self._peek()
            return False
        elif self._peek() != b"]":
            before = b"[{}"
            raise self._fault(before)
        self._window.drop(1)
        return True

    def _peek(self) -> bytes:
        return self._window.peek(self._text.block)

    def _next(self) -> Stretch:
        window = self._window
        window.fill(self._text.block)
        guess = self._guess()
        count = self._count(window.data[:guess]) if guess else None
        if count is not None:
            return Stretch(window.offset, guess, count)
        if window.data[:1] in _NO_VALUE:
            raise self._fault(b"[{}," if self._first else b"[")
        while not (end := values_end(window.data, 0, self._text.block)):
            if window.is_last:
                raise self._fault(b"[{}," if self._first else b"[")
            if len(window.data) > self._checks.limits.event_bytes:
                raise self._checks.too_long(self._where(self._first))
            window.fill(2 * len(window.data))
        return Stretch(window.offset, end, self._count_exactly(window.data[:end]))

    def _count(self, text: bytes) -> int | None:
        """Check and count the events of a text; None: it may be cut wrongly."""
        array = b"[%b]" % text
        if found := scan(array, "array"):
            count, depth = found
            if self._checks.may_refuse(depth, len(text)):
                self._check(values_of(array, "array"), len(text))
            return count
        try:
            values: list[object] = msgspec.json.decode(array, type=list)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return None
        self._check(values, len(text))
        return len(values)

    def _count_exactly(self, text: bytes) -> int:
        if (count := self._count(text)) is not None:
            return count
        try:
            parsed = parse(b"[%b]" % text)
        except DecodeError as error:
            raise self._moved(error, 1) from None
        values: Any = parsed.value  # an array gives a list
        self.oddities += parsed.oddities
        self._check(values, len(text))
        return len(values)

    def _check(self, values: Sequence[object], size: int) -> None:
        DecodedEvents(values).check(self._checks, self._where, self._first)
        if size > self._checks.limits.event_bytes:
            self._checks.sizes(values, self._where, self._first)

    def _guess(self) -> int:
        """Return where the stretch may end; 0: nobody knows."""
        data = self._window.data
        if self._window.is_last:
            return max(0, end_of_events(data) - 1)
        end = value_end(data, 0)
        between = _BETWEEN.match(data, end) if end else None
        if end is None or between is None or data[end - 1 : end] != b"}":
            return 0
        guess = data.rfind(data[end - 1 : between.end()]) + 1
        return guess if guess > len(data) // 2 else 0  # or blocks are read for little

    def _fault(self, before: bytes) -> DecodeError:
        """Return what is wrong with the text from the window on.

        Args:
            before: What makes it a list from its beginning.
        """
        return self._moved(fault(before + self._window.data), len(before))

    def _moved(self, error: DecodeError, shift: int) -> DecodeError:
        offset = self._window.offset
        return moved(error, self._text, offset, shift, self._where, self._first)
