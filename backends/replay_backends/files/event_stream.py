"""A saved stream of server-sent events, such as curl writes, read as JSON Lines."""

import re
from collections.abc import Iterable
from typing import BinaryIO, Final

from replay_backends.files.byte_streams import converted
from replay_backends.sse import Decoder, Frame

_COMMENTS: Final = rb"(?:\s*+:[^\r\n]*+[\r\n])"
#: A field, perhaps after comments; or comments without an end.
_BEGINNING: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:%b*+\s*+(?:data|event|id|retry)?:|%b++\s*+\Z)"
    % (_COMMENTS, _COMMENTS)
)
#: What curl writes above a stream with -i or -v, and a field of the stream. All lines
#: but fields are ignored.
_CURL: Final = re.compile(
    rb"(?:HTTP/[0-9]|\* |  % Total).*?[\r\n](?:data|event):", re.DOTALL
)
_KEEP: Final = "surrogateescape"  # bytes that aren't UTF-8
_HEAD: Final = 16 << 10  # bytes that tell what it is
#: Data that only says that the stream ends here, such as [DONE].
_END: Final = re.compile(r"\s*\[[A-Z_]+\]\s*")


def is_event_stream(file: BinaryIO) -> bool:
    """Tell whether a file holds server-sent events; no JSON begins as they do.

    Args:
        file: At its beginning, and seekable; it is rewound.
    """
    head = file.read(_HEAD)
    file.seek(0)
    return bool(_BEGINNING.match(head) or _CURL.match(head))


def as_lines(file: BinaryIO, longest: int) -> BinaryIO:
    """Return a stream's data as JSON Lines, each frame's on a line.

    Data that breaks off is a last line without an end. Comments and names are left out.

    Args:
        file: The stream, at its beginning; closed with the result.
        longest: How long a frame may be, in bytes.

    Raises:
        LimitExceededError: While it is read: a frame is longer.
    """
    decoder = Decoder(longest, _KEEP)

    def convert(block: bytes) -> bytes:
        lines = _lines_of(decoder.feed(block or b"\n\n"))
        return lines if block else lines.removesuffix(b"\n")

    return converted(file, convert)


def _lines_of(frames: Iterable[Frame]) -> bytes:
    texts = (frame.data for frame in frames if not _END.fullmatch(frame.data))
    lines = (text.replace("\n", " ") + "\n" for text in texts if text)
    return "".join(lines).encode("utf-8", _KEEP)
