"""A file of lines whose writer may have been killed in the middle of one."""

import io
import os
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK: Final = 1 << 16  # bytes looked at in one go, from the end


def whole_lines(file: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the lines of *file* that are whole, and how many bytes are left out.

    Args:
        file: At its beginning, and seekable; it is read while the lines are.
    """
    size = file.seek(0, os.SEEK_END)
    end = _end_of_last_line(file, size)
    return io.BufferedReader(_Beginning(file, end)), size - end


def _end_of_last_line(file: BinaryIO, size: int) -> int:
    while size:
        start = max(0, size - _BLOCK)
        file.seek(start)
        found = file.read(size - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


class _Beginning(io.RawIOBase):
    """The first *size* bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._offset = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Close the file, too."""
        self._file.close()
        super().close()

    def tell(self) -> int:
        return self._offset

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}
        self._offset = start[whence] + offset
        return self._offset

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with memoryview(buffer) as view:
            self._file.seek(self._offset)
            data = self._file.read(max(0, min(len(view), self._size - self._offset)))
            view[: len(data)] = data
        self._offset += len(data)
        return len(data)
