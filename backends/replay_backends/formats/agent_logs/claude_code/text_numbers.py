"""Numbers by texts, in a sixth of the memory of a dict."""

from array import array
from typing import Final

_NONE: Final = -1
_FEWEST: Final = 64  # slots; always a power of two


class TextNumbers:
    """Numbers by texts, for as many texts as a log has records.

    A text is known by its hash alone, of 64 bits with a secret key: that two of a
    million texts are alike is less likely than a broken disk.
    """

    def __init__(self) -> None:
        self._count = 0
        self._clear(_FEWEST)

    def get(self, text: str) -> int:
        """Return a text's number; -1: it has none."""
        return self._numbers[self._slot(hash(text))]

    def __setitem__(self, text: str, number: int) -> None:
        """Give a text a number, which isn't negative."""
        self._put(hash(text), number, is_new=False)

    def setdefault(self, text: str, number: int) -> int:
        """Give a text a number if it has none; return the one that it has."""
        return self._put(hash(text), number, is_new=True)

    def _put(self, key: int, number: int, *, is_new: bool) -> int:
        slot = self._slot(key)
        known = self._numbers[slot]
        if known == _NONE:
            self._count += 1
            if 3 * self._count > 2 * len(self._numbers):
                self._grow()
                slot = self._slot(key)
        elif is_new:
            return known
        self._hashes[slot], self._numbers[slot] = key, number
        return number

    def _slot(self, key: int) -> int:
        """Return the place of a hash, or the free one where it belongs."""
        numbers, hashes = self._numbers, self._hashes
        last = len(numbers) - 1
        slot = key & last
        while numbers[slot] != _NONE and hashes[slot] != key:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        before = zip(self._hashes, self._numbers, strict=True)
        self._clear(2 * len(self._numbers))
        for key, number in before:
            if number != _NONE:
                slot = self._slot(key)
                self._hashes[slot], self._numbers[slot] = key, number

    def _clear(self, slots: int) -> None:
        self._hashes = array("q", bytes(8 * slots))
        self._numbers = array("i", [_NONE]) * slots
