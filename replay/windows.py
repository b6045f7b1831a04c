"""The part of a text that is being looked at."""

from typing import BinaryIO

from replay.brackets import blank_end
from replay.forms import MARK


class Window:
    """Some bytes of a text, from a place that moves on to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self.data = b""
        self.offset = 0  #: where the data begin in the text
        self.is_last = False  #: whether nothing follows the data
        self._file = file

    def fill(self, size: int) -> None:
        """Hold at least *size* bytes, or all that is left."""
        pieces = [self.data]
        missing = size - len(self.data)
        while missing > 0 and not self.is_last:
            piece = self._file.read(missing)
            pieces.append(piece)
            missing -= len(piece)
            self.is_last = not piece
        self.data = b"".join(pieces)

    def pass_mark(self) -> bool:
        """Pass over a byte order mark; tell whether there was one."""
        self.fill(len(MARK))
        is_marked = self.data.startswith(MARK)
        self.drop(len(MARK) if is_marked else 0)
        return is_marked

    def peek(self, size: int) -> bytes:
        """Pass over blanks, and return the byte that follows; none: nothing does.

        Args:
            size: How many bytes to hold at once.
        """
        self.fill(size)
        while (blanks := blank_end(self.data, 0)) == len(self.data) > 0:
            self.drop(blanks)
            self.fill(size)
        self.drop(blanks)
        return self.data[:1]

    def drop(self, size: int) -> None:
        """Move on by *size* bytes, which are held."""
        self.data = self.data[size:]
        self.offset += size
