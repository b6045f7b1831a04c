"""Streams of others' code whose faults are errors of this library."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def guarded(
    stream: BinaryIO, errors: Callable[[], AbstractContextManager[None]]
) -> BinaryIO:
    """Return a stream that is read within a ``with`` statement of its own.

    Args:
        stream: What is read, seekable; it is closed with what is returned.
        errors: Makes what turns the stream's faults into ours.
    """
    return io.BufferedReader(_Guarded(stream, errors))


class _Guarded(io.RawIOBase):
    """A stream that raises errors of ours alone."""

    def __init__(
        self, stream: BinaryIO, errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._stream = stream
        self._errors = errors

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with self._errors():
            return self._stream.seek(offset, whence)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view, self._errors():
            data = self._stream.read(len(view))
            view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream, too."""
        self._stream.close()
        super().close()
