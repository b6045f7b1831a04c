"""Server-sent events from bytes, however these were cut; pure.

Source: WHATWG HTML, section "Server-sent events". What this project has no use for,
``id`` and ``retry``, is passed over like any unknown field.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from replay.errors import LimitExceededError

FRAME_BYTES: Final = 16 << 20  #: the longest frame, unless a caller says otherwise

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Frame(NamedTuple):
    """One event of a stream, as the standard delivers it."""

    name: str  #: ``message`` where the stream gave none
    data: str  #: its lines, joined by line feeds


class Decoder:
    """Takes a stream's bytes, gives its frames.

    Args:
        most: The longest frame, in bytes.
    """

    def __init__(self, most: int = FRAME_BYTES) -> None:
        self._most = most
        self._line = bytearray()  # the beginning of one whose end is not there yet
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0  # of the frame's lines that are whole
        self._is_first_line = True
        self._ended_in_return = False  # then a line feed that follows is no line's end

    @property
    def is_within_frame(self) -> bool:
        """Tell whether the stream, if it ended now, would lose a frame."""
        return bool(self._data) or bool(self._line and not self._line.startswith(b":"))

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take more bytes and yield the frames that they complete.

        Raises:
            LimitExceededError: A frame is longer than the decoder may keep.
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
            data = b"\n".join(self._data).decode("utf-8", "replace")
            yield Frame(self._name or "message", data)
        self._name, self._data, self._size = "", [], 0

    def _check(self, more: int) -> None:
        if self._size + more > self._most:
            reason = f"a frame is longer than {self._most} bytes"
            hint = "raise Limits(event_bytes=…)"
            raise LimitExceededError(where="stream", reason=reason, hint=hint)
