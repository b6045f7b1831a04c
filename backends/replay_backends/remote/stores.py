"""Where files of sessions lie that no directory of this machine holds."""

from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeAlias

import attrs

#: Opens a file at its beginning, seekable; it can be called again and again.
Opener: TypeAlias = Callable[[], BinaryIO]


@attrs.frozen
class Item:
    """A file, as its store lists it."""

    path: str  #: from the store's root, with slashes; empty: the root is this file
    size: int  #: in bytes; of what is packed in a zip file, unpacked


class Store(Protocol):
    """Files that can be listed, and read one by one."""

    @property
    def is_single(self) -> bool:
        """Whether the root is a file, the only one."""

    @property
    def at_once(self) -> int:
        """How many files are fetched at once; 1: none is waited for long."""

    def items(self) -> list[Item]:
        """Return all files, by the bytes of their paths.

        Raises:
            BackendError: They cannot be listed.
        """

    def opener(self, item: Item) -> Opener:
        """Fetch a file, and return what opens it.

        Raises:
            BackendError: It cannot be had.
            DecodeError: What it is packed in is malformed.
        """

    def source_of(self, path: str) -> str:
        """Return what messages call a file."""


def in_order(item: Item) -> bytes:
    """Return what files are sorted by."""
    return item.path.encode("utf-8", "surrogatepass")
