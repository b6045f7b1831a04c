"""The objects below a URL, or one of them."""

import io
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from functools import partial
from typing import BinaryIO, Final

import attrs

from replay.source_text import KEPT
from replay_backends.remote.failures import remote_errors_of
from replay_backends.remote.filesystems import FileSystem
from replay_backends.remote.listing import names_and_sizes
from replay_backends.remote.stores import Item, Opener, in_order
from replay_backends.remote.streams import guarded
from replay_backends.remote.uploading import upload
from replay_backends.spooling import Spool

_BLOCK: Final = 8 << 20  # bytes of a large object that are asked for at once


@attrs.define(eq=False)
class Objects:
    """The objects of a file system below its root.

    Args:
        files: The file system.
        source: What messages call the root.
        secrets: What must not be in messages.
    """

    _files: FileSystem
    source: str
    _secrets: Collection[str] = attrs.field(default=(), repr=False)
    is_single: bool = attrs.field(default=False, init=False)
    at_once: int = attrs.field(default=8, init=False)

    def look(self, *, may_be_missing: bool) -> None:
        """Find out whether the root is one object or a directory.

        Args:
            may_be_missing: What is not there is a directory that will be.

        Raises:
            BackendError: There is nothing there, or that cannot be told.
        """
        with self._errors():
            try:
                found = self._files.calls.info(self._files.root)["type"]
            except FileNotFoundError:
                if not may_be_missing:
                    raise
            else:
                self.is_single = found == "file"

    def items(self) -> list[Item]:
        """Return all objects below the root, or the one that it is."""
        with self._errors():
            if self.is_single:
                return [Item("", self._size(""))]
            items = [
                Item(self._path_of(name), size)
                for name, size in names_and_sizes(self._files)
            ]
        return sorted(items, key=in_order)

    def size(self, path: str) -> int | None:
        """Return how large an object is; None: there is none."""
        with self._errors(path):
            try:
                return self._size(path)
            except FileNotFoundError:
                return None

    def opener(self, item: Item) -> Opener:
        """Fetch an object: into memory, or where it is large, into a spool."""
        if item.size <= KEPT:
            data = self._fetch(item)
            if len(data) <= KEPT:  # or else it has grown
                return partial(io.BytesIO, data)
        with self.stream(item.path) as stream:
            return Spool(stream, self.source_of(item.path)).reader

    def stream(self, path: str) -> BinaryIO:
        """Open an object where it is: what is read of it is fetched."""
        with self._errors(path):
            stream = self._files.calls.open(
                self._full(path), "rb", block_size=_BLOCK, cache_type="readahead"
            )
        return guarded(stream, partial(self._errors, path))

    def write(self, path: str, dump: Callable[[BinaryIO], object]) -> None:
        """Put an object in place, whole or not at all.

        Args:
            path: Where it goes.
            dump: Writes what it is to hold.
        """
        with self._errors(path):
            upload(self._files, self._full(path), dump)

    def source_of(self, path: str) -> str:
        """Return what messages call an object."""
        return f"{self.source.rstrip('/')}/{path}" if path else self.source

    def _errors(self, path: str = "") -> AbstractContextManager[None]:
        return remote_errors_of(self.source_of(path), self._secrets)

    def _fetch(self, item: Item) -> bytes:
        # A range spares the question how large it is; of nothing, there is none.
        limits = {"start": 0, "end": KEPT + 1} if item.size else {}
        with self._errors(item.path):
            return bytes(self._files.calls.cat_file(self._full(item.path), **limits))

    def _size(self, path: str) -> int:
        return int(self._files.calls.info(self._full(path))["size"] or 0)

    def _full(self, path: str) -> str:
        return f"{self._files.root}/{path}" if path else self._files.root

    def _path_of(self, name: str) -> str:
        return name.removeprefix(self._files.root).removeprefix("/")
