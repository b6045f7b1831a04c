"""A saved stream of server-sent events, such as curl writes, read as JSON Lines."""

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO, Final

from replay_backends.sse import Decoder, Frame

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BEGINNING: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?::|(?:data|event|id|retry):)")
_HEAD: Final = 512  # bytes that tell what it is
_BLOCK: Final = 1 << 16  # bytes
#: Data that only says that the stream ends here, such as [DONE].
_END: Final = re.compile(r"\s*\[[A-Z_]+\]\s*")


def is_event_stream(file: BinaryIO) -> bool:
    """Tell whether a file holds server-sent events; no JSON begins as they do.

    Args:
        file: At its beginning, and seekable; it is rewound.
    """
    head = file.read(_HEAD)
    file.seek(0)
    return _BEGINNING.match(head) is not None


def as_lines(file: BinaryIO, longest: int) -> BinaryIO:
    """Return a stream's data as JSON Lines, each frame's on a line.

    Data that breaks off is a last line without an end. Comments and names are left out.

    Args:
        file: The stream, at its beginning; closed with the result.
        longest: How long a frame may be, in bytes.

    Raises:
        LimitExceededError: While it is read: a frame is longer.
    """
    return io.BufferedReader(_Lines(file, Decoder(longest)), _BLOCK)


class _Lines(io.RawIOBase):
    """The lines of a stream."""

    def __init__(self, file: BinaryIO, decoder: Decoder) -> None:
        self._file = file
        self._decoder = decoder
        self._waiting = b""
        self._is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not (self._waiting or self._is_at_end):
            block = self._file.read(_BLOCK)
            self._is_at_end = not block
            lines = _lines_of(self._decoder.feed(block or b"\n\n"))
            self._waiting = lines.removesuffix(b"" if block else b"\n")
        with memoryview(buffer) as view:
            data = self._waiting[: len(view)]
            view[: len(data)] = data
        self._waiting = self._waiting[len(data) :]
        return len(data)

    def close(self) -> None:
        """Close the stream, too."""
        self._file.close()
        super().close()


def _lines_of(frames: Iterable[Frame]) -> bytes:
    texts = (frame.data for frame in frames if not _END.fullmatch(frame.data))
    return b"".join(text.replace("\n", " ").encode() + b"\n" for text in texts if text)
