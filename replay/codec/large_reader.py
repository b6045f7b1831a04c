"""Sessions too large for memory, whose events are read as they are iterated.

A list of events is cut into stretches of whole events. The end of a stretch is guessed
from the text between its first two events, and the guess is right if the stretch
decodes. If not, brackets are counted.
"""

import io
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import attrs
import msgspec

from replay.codec.checks import Checks, Where, in_list
from replay.codec.documents import Line, Reader, groups
from replay.codec.error_places import (
    ENOUGH_TO_SHOW,
    is_of_value,
    json_error,
    position_of,
    relocate_error,
)
from replay.codec.history import DecodedEvents
from replay.codec.json_lines import values_of
from replay.codec.json_scan import (
    Window,
    beginning_of_events,
    end_of_events,
    value_end,
    value_start,
    values_end,
)
from replay.codec.schema import scan
from replay.codec.stored_history import SourceText, StoredEvents, Stretch
from replay.errors import DecodeError, LimitExceededError
from replay.model.json_text import Parsed, has_long_integer, judge, parse_json
from replay.model.sessions import Session

#: The beginning of a list, at which NUL bytes don't pass for those of UTF-16.
_OPENED: Final = b"    ["
_NO_VALUE: Final = (b",", b":", b"}", b"]")  # no value begins with these
_BETWEEN: Final = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+\{")


@attrs.define(eq=False)
class Stretches:
    """The stretches of a list, which is cut as a window moves over it.

    Text that isn't JSON is an error at once. A value that fails the checks is a fault:
    its error waits until all of the text is known to be JSON.

    Args:
        text: The text; it is read again to locate an error.
        window: A window just past the list's opening bracket.
        checks: The checks of each event.
        where: Returns the place of an event.
    """

    _text: SourceText
    _window: Window
    _checks: Checks
    _where: Where
    oddities: list[tuple[str, str]] = attrs.field(factory=list, init=False)
    _bad_number: DecodeError | None = attrs.field(default=None, init=False)
    _bad_event: DecodeError | None = attrs.field(default=None, init=False)
    _first: int = attrs.field(default=0, init=False)

    @property
    def fault(self) -> DecodeError | None:
        """Return the error for the first value that cannot be kept or fails a check."""
        return self._bad_number or self._bad_event

    def __iter__(self) -> Iterator[Stretch]:
        """Yield the stretches; afterwards, the window is past the closing bracket.

        Raises:
            DecodeError: It isn't a list.
        """
        while not self._is_at_end():
            stretch = self._next()
            yield stretch
            self._first += stretch.count
            self._window.drop(stretch.size)

    def _is_at_end(self) -> bool:
        """Skip to the next event, or past the list's end; tell if that was the end."""
        if self._first == 0:
            if self._peek() != b"]":
                return False
        elif self._peek() == b",":
            self._window.drop(1)
            self._peek()
            return False
        elif self._peek() != b"]":
            raise self._json_error(_OPENED + b"{}")
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
        before = _OPENED + b"{}," if self._first else _OPENED
        if window.data[:1] in _NO_VALUE:
            raise self._json_error(before)
        while not (end := values_end(window.data, 0, self._text.block)):
            if window.is_last:
                raise self._json_error(before)
            if len(window.data) > self._checks.limits.event_bytes:
                raise self.fault or self._checks.too_long(self._where(self._first))
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
        if has_long_integer(array):
            return None
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
            parsed = parse_json(b"%b%b]" % (_OPENED, text))
        except DecodeError as error:
            moved = self._relocate(error, len(_OPENED))
            if not is_of_value(error):
                raise moved from None
            self._bad_number = self._bad_number or moved
            return 1  # or more, but the fault is all that matters now
        values: Any = parsed.value  # an array gives a list
        self.oddities += parsed.oddities
        self._check(values, len(text))
        return len(values)

    def _check(self, values: Sequence[object], size: int) -> None:
        try:
            DecodedEvents(values).check(self._checks, self._where, self._first)
            if size > self._checks.limits.event_bytes:
                self._checks.sizes(values, self._where, self._first)
        except DecodeError as error:
            self._bad_event = self._bad_event or error

    def _guess(self) -> int:
        """Return where the stretch may end; 0: unknown."""
        data = self._window.data
        if self._window.is_last:
            return max(0, end_of_events(data) - 1)
        end = value_end(data, 0)
        between = _BETWEEN.match(data, end) if end else None
        if end is None or between is None or data[end - 1 : end] != b"}":
            return 0
        guess = data.rfind(data[end - 1 : between.end()]) + 1
        return guess if guess > len(data) // 2 else 0  # else too little of it is used

    def _json_error(self, before: bytes) -> DecodeError:
        """Return the error in the text from the window on.

        Args:
            before: Text to prepend, so that the list is complete from its beginning.
        """
        return self._relocate(json_error(before + self._window.data), len(before))

    def _relocate(self, error: DecodeError, shift: int) -> DecodeError:
        offset = self._window.offset
        return relocate_error(
            error, self._text, offset, shift, self._where, self._first
        )


_BEFORE: Final = b'{"":null'  # stands for a document's beginning
_ODD_MARK: Final = ("byte-order-mark", "the document begins with one")


class FollowedByLines(Exception):  # noqa: N818 - a finding, not an error
    """The document is the first line of several."""


@attrs.frozen
class LargeReader:
    """A decoder of a session from a text that is too large for memory.

    Args:
        reader: The reader of its recording.
        text: The text.
    """

    reader: Reader
    text: SourceText

    def beginning(self) -> bytes:
        """Return a block of the text from its first value on; empty: it is blank."""
        with self.text.opened() as file:
            window = Window(file)
            window.pass_mark()
            window.peek(self.text.block)
            window.fill(max(self.text.block, ENOUGH_TO_SHOW))
            return window.data

    def session(self, kept: bytes | None, *, is_list: bool) -> Session:
        """Return the session of a text that is a list of events, or else a document.

        Args:
            kept: The text, if it is small enough to be in memory.
            is_list: Whether it is a list.

        Raises:
            FollowedByLines: It is a document on one line, and others follow.
            DecodeError: The text is something else.
        """
        if kept is not None:
            session = self._from_kept(kept)
            return session or self.in_memory(kept).session(None, is_list=is_list)
        return self._from_list() if is_list else self._from_document()

    def in_memory(self, data: bytes) -> "LargeReader":
        """Return a reader of the same text in memory."""
        text = attrs.evolve(self.text, open_file=partial(io.BytesIO, data))
        return attrs.evolve(self, text=text)

    def _from_kept(self, data: bytes) -> Session | None:
        """Return the session of a text in memory; None: it must be read piece by piece.

        A short text may have values of any kind, since they take little memory.
        """
        reader = self.reader
        if len(data) > reader.checks.limits.event_bytes:
            return None
        try:
            is_short = len(data) <= self.text.block
            return reader.document(data) if is_short else reader.known(data)
        except DecodeError:
            return None  # what is wrong first, the pieces tell

    def _from_list(self) -> Session:
        with self.text.opened() as file:
            window = Window(file)
            is_marked = window.pass_mark()
            window.peek(self.text.block)
            window.drop(1)
            stretches = self._stretches(window, "$")
            found = [*stretches]
            if window.peek(self.text.block):
                raise self._extra_data(window)
            if stretches.fault:
                raise stretches.fault
        events = StoredEvents(self.text, found, "array")
        oddities = [_ODD_MARK] * is_marked + stretches.oddities
        return self.reader.without_header(events, "list", oddities)

    def from_lines(self, lines: Iterator[Line]) -> Session:
        """Return the session of lines that are an event each.

        Raises:
            DecodeError: A line isn't JSON, or fails the checks.
        """
        stretches: list[Stretch] = []
        oddities: list[tuple[str, str]] = []
        count = 0
        for group in groups(lines, self.text.block):
            events, odd = self.reader.events(group, count)
            start, end = group[0].start, group[-1].end
            stretches.append(Stretch(start, end - start, len(events)))
            count += len(events)
            oddities += odd
        stored = StoredEvents(self.text, stretches, "lines")
        return self.reader.without_header(stored, "lines", oddities)

    def _from_document(self) -> Session:
        with self.text.opened() as file:
            window = Window(file)
            start = self._find_events(window)
            if start < 0:
                return self._without_events(window)
            before = window.data[:start]
            window.drop(start + 1)
            stretches = self._stretches(window, "$.events")
            try:
                found = [*stretches]
                header = self._header(before, window, stretches.fault)
            except DecodeError:
                _check_json(b"%bnull}" % before)
                raise
        events = StoredEvents(self.text, found, "array")
        value: Any = header.value  # an object, for it has a key at its root
        oddities = [*header.oddities, *stretches.oddities]
        session_id = self.reader.session_id
        return self.reader.with_header(value, events, oddities, session_id)

    def _stretches(self, window: Window, path: str) -> Stretches:
        return Stretches(self.text, window, self.reader.checks, in_list(path))

    def _find_events(self, window: Window) -> int:
        """Return where the list of events begins in the window.

        Returns:
            -1: the first value or the text ends before any list of events.
        """
        size = self.text.block
        while True:
            window.fill(size)
            start = beginning_of_events(window.data)
            before = window.data if start < 0 else window.data[:start]
            if value_end(before, value_start(before)) is not None:
                return -1
            if start >= 0 or window.is_last:
                return start
            self._check_size(window, "before")
            size *= 2

    def _without_events(self, window: Window) -> Session:
        """Return the session of a text without a list of events, such as one event."""
        start = value_start(window.data)
        end = value_end(window.data, start) or len(window.data)
        first = window.data[:end]
        window.drop(end)
        if window.peek(self.text.block):
            _check_json(first)
            self._check_no_line(start, end, window)
            raise self._extra_data(window)
        return self.reader.document(first)

    def _header(
        self, before: bytes, window: Window, fault: DecodeError | None
    ) -> Parsed:
        """Return the header, after reading its part that follows the events.

        Args:
            before: The text before the events.
            window: A window just past the events.
            fault: The error for an event, which waits until all of the text is read.
        """
        while (end := value_end(_BEFORE + window.data, 0)) is None:
            self._check_size(window, "after", fault)
            if window.is_last:
                break
            window.fill(2 * len(window.data) + self.text.block)
        after = window.data[: end - len(_BEFORE)] if end else window.data
        header = Parsed(None)
        try:
            header = judge(before + b"null" + after)
        except DecodeError as error:
            if not is_of_value(error):
                raise self._relocate_header_error(error, after, window.offset) from None
            fault = fault or error
        window.drop(len(after))
        end_of_header = window.offset
        if window.peek(self.text.block):
            self._check_no_line(value_start(before), end_of_header, window)
            raise self._extra_data(window)
        if fault:
            raise fault
        return header

    def _check_size(
        self, window: Window, side: str, fault: DecodeError | None = None
    ) -> None:
        limit = self.reader.checks.limits.event_bytes
        if len(window.data) > limit:
            where, reason = "$", f"more than {limit} bytes {side} the events"
            hint = "raise Limits(event_bytes=…)"
            raise fault or LimitExceededError(where, reason, hint=hint)

    def _check_no_line(self, start: int, end: int, window: Window) -> None:
        """Raise FollowedByLines if a document is on one line, and others follow."""
        places = (start, end, window.offset)
        first, last, following = (position_of(self.text, each).line for each in places)
        if first == last < following:
            raise FollowedByLines

    def _extra_data(self, window: Window) -> DecodeError:
        before = b"    {}"
        error = json_error(before + window.data)
        return self._relocate(error, window.offset, len(before))

    def _relocate_header_error(
        self, error: DecodeError, after: bytes, offset: int
    ) -> DecodeError:
        """Return the error of a header, with its place in the whole text."""
        try:
            judge(_BEFORE + after)
        except DecodeError as found:
            return self._relocate(found, offset, len(_BEFORE))
        return error

    def _relocate(self, error: DecodeError, offset: int, shift: int) -> DecodeError:
        return relocate_error(error, self.text, offset, shift, in_list("$"), 0)


def _check_json(text: bytes) -> None:
    try:
        parse_json(text)
    except DecodeError as error:
        if not is_of_value(error):
            raise
