"""Sessions whose events are not kept in memory: they are read when they are walked."""

from collections.abc import Iterator
from typing import Any, Final

import attrs

from replay.codec.checks import in_list
from replay.codec.documents import Line, Reader, groups
from replay.codec.json_scan import (
    MARK,
    Window,
    beginning_of_events,
    blank_end,
    value_end,
)
from replay.codec.stored_history import SourceText, StoredEvents, Stretch
from replay.codec.stretches import Stretches, fault, moved, place_of
from replay.errors import DecodeError, LimitExceededError
from replay.model.json_text import Parsed, judge
from replay.model.sessions import Session

_BEFORE: Final = b'{"":null'  # stands for a document's beginning
_ODD_MARK: Final = ("byte-order-mark", "the document begins with one")


class FollowedByLines(Exception):  # noqa: N818 - a finding, no error
    """The document is the first line of several."""


@attrs.frozen
class LargeReader:
    """Makes a session of a text that is too large to be kept.

    Args:
        reader: What is known of its recording.
        text: What is too large.
    """

    reader: Reader
    text: SourceText

    def first_byte(self) -> bytes:
        """Return the first byte of the first value; none: the text is blank."""
        with self.text.opened() as file:
            window = Window(file)
            window.pass_mark()
            return window.peek(self.text.block)

    def from_list(self) -> Session:
        """Return the session that a list of events is.

        Raises:
            DecodeError: It is something else.
        """
        with self.text.opened() as file:
            window = Window(file)
            is_marked = window.pass_mark()
            window.peek(self.text.block)
            window.drop(1)
            stretches, oddities = self._stretches(window, "$")
            self._check_end(window)
        events = StoredEvents(self.text, stretches, "array")
        oddities = [_ODD_MARK, *oddities] if is_marked else oddities
        return self.reader.without_header(events, "list", oddities)

    def from_lines(self, lines: Iterator[Line]) -> Session:
        """Return the session that lines are, an event each.

        Args:
            lines: All of the text's that are not blank.

        Raises:
            DecodeError: A line is no JSON, or does not pass the checks.
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

    def from_document(self) -> Session:
        """Return the session that a document is.

        Raises:
            FollowedByLines: It is one line, and others follow.
            DecodeError: It is something else.
        """
        with self.text.opened() as file:
            window = Window(file)
            start = self._find_events(window)
            if start < 0:
                return self._without_events(window)
            before = window.data[:start]
            window.drop(start + 1)
            stretches, oddities = self._stretches(window, "$.events")
            header = self._header(before, window)
        events = StoredEvents(self.text, stretches, "array")
        value: Any = header.value  # an object, for it has a key at its root
        oddities = [*header.oddities, *oddities]
        session_id = self.reader.session_id
        return self.reader.with_header(value, events, oddities, session_id)

    def _stretches(
        self, window: Window, path: str
    ) -> tuple[list[Stretch], list[tuple[str, str]]]:
        stretches = Stretches(self.text, window, self.reader.checks, in_list(path))
        return [*stretches], stretches.oddities

    def _find_events(self, window: Window) -> int:
        """Return where the list of events begins in the window.

        Returns:
            -1: the first value ends before any list of events, or the text does.
        """
        size = self.text.block
        while True:
            window.fill(size)
            start = beginning_of_events(window.data)
            end = value_end(window.data, _beginning(window.data))
            if end is not None:
                return start if start < end else -1
            if start >= 0 or window.is_last:
                return start
            self._check_size(window, "before")
            size *= 2

    def _without_events(self, window: Window) -> Session:
        """Return the session that the text is all the same, as one event."""
        end = value_end(window.data, _beginning(window.data)) or len(window.data)
        first = window.data[:end]
        window.drop(end)
        self._check_no_line(window)
        return self.reader.document(first + window.data)

    def _header(self, before: bytes, window: Window) -> Parsed:
        """Return the header, of which all that follows the events is left to read."""
        while (end := value_end(_BEFORE + window.data, 0)) is None:
            self._check_size(window, "after")
            if window.is_last:
                break
            window.fill(2 * len(window.data) + self.text.block)
        after = window.data[: end - len(_BEFORE)] if end else window.data
        try:
            header = judge(before + b"null" + after)
        except DecodeError as error:
            raise self._told(error, after, window.offset) from None
        window.drop(len(after))
        self._check_no_line(window)
        if window.data:
            raise self._moved(fault(b"{}" + window.data), window.offset, 2)
        return header

    def _check_size(self, window: Window, side: str) -> None:
        limit = self.reader.checks.limits.event_bytes
        if len(window.data) > limit:
            where, reason = "$", f"more than {limit} bytes {side} the events"
            raise LimitExceededError(where, reason, hint="raise Limits(event_bytes=…)")

    def _check_no_line(self, window: Window) -> None:
        """Pass over blanks; what follows a document on one line is another line."""
        end = window.offset
        if not window.peek(self.text.block):
            return
        lines = (place_of(self.text, each).line for each in (end, window.offset))
        if next(lines) == 1 < next(lines):
            raise FollowedByLines

    def _check_end(self, window: Window) -> None:
        if window.peek(self.text.block):
            raise self._moved(fault(b"[]" + window.data), window.offset, 2)

    def _told(self, error: DecodeError, after: bytes, offset: int) -> DecodeError:
        """Return an error of a header as one of the whole text."""
        try:
            judge(_BEFORE + after)
        except DecodeError as found:
            return self._moved(found, offset, len(_BEFORE))
        return error

    def _moved(self, error: DecodeError, offset: int, shift: int) -> DecodeError:
        return moved(error, self.text, offset, shift, in_list("$"), 0)


def _beginning(data: bytes) -> int:
    return blank_end(data, len(MARK) if data.startswith(MARK) else 0)
