"""A decoder of server-sent events, however their bytes were cut; it does no I/O.

Source: WHATWG HTML, section "Server-sent events". ``id`` and ``retry``, which this
project doesn't use, are ignored like any unknown field.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from replay import Delta, Diagnostic, Event, Limits
from replay.authoring import check_event, decode_event, is_deeper, parse_json
from replay.errors import DecodeError, LimitExceededError

FRAME_BYTES: Final = 16 << 20  #: the longest frame by default

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Frame(NamedTuple):
    """One event of a stream, as the standard delivers it."""

    name: str  #: ``message`` if the stream gave none
    data: str  #: its lines, joined by line feeds
    is_utf8: bool = True  #: False: something stands for bytes of it that aren't


class Decoder:
    """A decoder of a stream's bytes to frames.

    Args:
        max_bytes: How long a frame may be.
        errors: What stands for bytes that aren't UTF-8, as in :meth:`bytes.decode`.
    """

    def __init__(self, max_bytes: int = FRAME_BYTES, errors: str = "replace") -> None:
        self._max_bytes = max_bytes
        self._errors = errors
        self._line = bytearray()  # the beginning of an incomplete line
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0  # of the frame's complete lines
        self._is_first_line = True
        self._ended_in_return = False  # then a line feed that follows ends no line

    @property
    def is_within_frame(self) -> bool:
        """Tell whether a frame would be lost if the stream ended now."""
        return bool(self._data) or bool(self._line and not self._line.startswith(b":"))

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take more bytes and yield the frames that they complete.

        Raises:
            LimitExceededError: A frame is too long.
        """
        if self._ended_in_return and data:
            data = data.removeprefix(b"\n")
            self._ended_in_return = False
        if data:
            self._ended_in_return = data.endswith(b"\r")
        *ends, rest = _LINE_END.split(data)
        for end in ends:
            line = bytes(self._line) + end
            self._line.clear()
            yield from self._take(line)
        self._line += rest
        self._check(len(self._line))

    def _take(self, line: bytes) -> Iterator[Frame]:
        if self._is_first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._is_first_line = False
        self._check(len(line))
        if not line:
            yield from self._dispatched()
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._size += len(line)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")

    def _dispatched(self) -> Iterator[Frame]:
        if self._data:
            data, name = b"\n".join(self._data), self._name or "message"
            try:
                frame = Frame(name, data.decode())
            except UnicodeDecodeError:
                frame = Frame(name, data.decode("utf-8", self._errors), is_utf8=False)
            yield frame
        self._name, self._data, self._size = "", [], 0

    def _check(self, more: int) -> None:
        if self._size + more > self._max_bytes:
            reason = f"a frame is longer than {self._max_bytes} bytes"
            hint = "raise Limits(event_bytes=…)"
            raise LimitExceededError(where="stream", reason=reason, hint=hint)


_SHOWN = 60  # characters of a frame that cannot be read
_NOT_UTF8 = "a frame isn't UTF-8"
_MOST = 1000  # diagnostics; a stream may be endless


class EventDecoder:
    """A decoder of a stream's bytes to events.

    Args:
        limits: Size limits; a frame still has at most 16 MiB unless ``event_bytes``
            was raised.
        strict: Refuse unknown or malformed frames and events.
        masked: Masks secrets in text that a diagnostic shows.
        removed: Masks secrets in the JSON of an event.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        strict: bool = False,
        masked: Callable[[str], str] = str,
        removed: Callable[[bytes], bytes] = bytes,
    ) -> None:
        longest = limits.event_bytes
        is_raised = longest > Limits().event_bytes
        self._frames = Decoder(longest if is_raised else min(longest, FRAME_BYTES))
        self._limits = limits
        self._strict = strict
        self._masked = masked
        self._removed = removed
        self.diagnostics: list[Diagnostic] = []  #: the first thousand

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take more bytes and yield the events that they complete.

        Raises:
            DecodeError: Something exceeds a limit, or is wrong and *strict* is set.
        """
        for frame in self._frames.feed(data):
            if frame.data:
                yield from self._event(frame)

    def finish(self) -> None:
        """Handle the end of the stream."""
        if self._frames.is_within_frame:
            self._say("torn-frame", "the stream ended within a frame")

    def _event(self, frame: Frame) -> Iterator[Event]:
        if self._strict and not frame.is_utf8:
            raise DecodeError(where="stream", reason=_NOT_UTF8)
        try:
            value = parse_json(self._removed(frame.data.encode())).value
        except LimitExceededError:
            raise
        except DecodeError as error:
            if self._strict:
                raise
            self._say("bad-frame", f"{error}: {self._masked(frame.data)[:_SHOWN]!a}")
            return
        if is_deeper(value, self._limits.depth + 1):
            reason = f"nested deeper than {self._limits.depth} levels"
            raise LimitExceededError(
                where="stream", reason=reason, hint="raise Limits(depth=…)"
            )
        if self._strict:
            check_event(value, "$")
        event = decode_event(value)
        if not frame.is_utf8:
            self._say("bad-utf-8", _NOT_UTF8)
        if frame.name == "delta" and not isinstance(event, Delta):
            self._say("frame-name-differs", f"the event's type is {event.type!a}")
        yield event

    def _say(self, code: str, detail: str) -> None:
        if len(self.diagnostics) < _MOST:
            self.diagnostics.append(Diagnostic(code, None, detail))
