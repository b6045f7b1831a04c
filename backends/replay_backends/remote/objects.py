"""The objects below a URL, or one of them."""

import io
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import BinaryIO, Final

import attrs

from replay.authoring import KEPT_IN_MEMORY, temporary_file
from replay.errors import BackendError
from replay_backends.files.byte_streams import Spool, guarded
from replay_backends.remote.filesystems import FileSystem, remote_errors_of
from replay_backends.remote.locations import Item, Opener


def names_and_sizes(files: FileSystem) -> Iterator[tuple[str, int]]:
    """Yield the objects below a file system's root, in any order.

    For S3, only a page of 1,000 is held at once: fsspec's listing of 100,000 objects
    takes more than 100 MB. Placeholders of empty directories are left out.

    Raises:
        BackendError: The listing would never end.
    """
    found = _on_s3(files) if hasattr(files.calls, "call_s3") else _anywhere(files)
    return ((name, size) for name, size in found if not name.endswith("/"))


def _anywhere(files: FileSystem) -> Iterator[tuple[str, int]]:
    for name, details in files.calls.find(files.root, detail=True).items():
        yield name, details["size"] or 0


def _on_s3(files: FileSystem) -> Iterator[tuple[str, int]]:
    bucket, slash, prefix = files.root.partition("/")
    wanted = {"Bucket": bucket, "Prefix": f"{prefix}{slash}"}
    while True:
        page = files.calls.call_s3("list_objects_v2", **wanted)
        for each in page.get("Contents", ()):
            yield f"{bucket}/{each['Key']}", each["Size"]
        if not page.get("IsTruncated"):
            return
        token = page["NextContinuationToken"]
        if token == wanted.get("ContinuationToken"):
            source = f"s3://{files.root}"
            raise BackendError(source, "the listing keeps starting over")
        wanted["ContinuationToken"] = token


_SENT_AT_ONCE: Final = 8 << 20  # bytes sent at once; S3 wants at least 5 MiB


def upload(
    files: FileSystem,
    path: str,
    dump: Callable[[BinaryIO], object],
    kept: int = KEPT_IN_MEMORY,
) -> None:
    """Write an object. If that fails, an existing object of that name is unchanged.

    Args:
        files: The file system to write to.
        path: Its full path there.
        dump: Writes its content.
        kept: The largest object that is sent in one piece, in bytes.
    """
    with temporary_file(kept) as file:
        dump(file)
        size = file.tell()
        file.seek(0)
        if size <= kept or files.calls.protocol == "memory":
            files.calls.pipe_file(path, file.read())
        else:
            _send_in_pieces(files, path, file)


def _send_in_pieces(files: FileSystem, path: str, file: BinaryIO) -> None:
    goal = files.calls.open(path, "wb", block_size=_SENT_AT_ONCE, autocommit=False)
    try:
        shutil.copyfileobj(file, goal, _SENT_AT_ONCE)
        goal.close()
    except BaseException:
        goal.closed = True  # or else its finalizer would put it in place
        goal.discard()
        raise
    goal.commit()


_BLOCK: Final = 8 << 20  # bytes of a large object requested at once


@attrs.define(eq=False)
class Objects:
    """The objects of a file system below its root.

    Args:
        files: The file system.
        source: The root's name in messages.
        secrets: Texts that must not be in messages.
    """

    _files: FileSystem
    source: str
    _secrets: Collection[str] = attrs.field(default=(), repr=False)
    is_single: bool = attrs.field(default=False, init=False)
    at_once: int = attrs.field(default=8, init=False)

    def probe(self, *, may_be_missing: bool) -> None:
        """Find out whether the root is one object or a directory.

        Args:
            may_be_missing: Accept a missing root as a directory yet to be written.

        Raises:
            BackendError: There is nothing there, or it cannot be found out.
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
        """Return all objects below the root, or the root if it is one object."""
        with self._errors():
            if self.is_single:
                return [Item("", self._size(""))]
            items = [
                Item(self._path_of(name), size)
                for name, size in names_and_sizes(self._files)
            ]
        return sorted(items, key=Item.order)

    def size(self, path: str) -> int | None:
        """Return an object's size in bytes; None: there is no such object."""
        with self._errors(path):
            try:
                return self._size(path)
            except FileNotFoundError:
                return None

    def opener(self, item: Item) -> Opener:
        """Fetch an object into memory, or a large one to a spool; return its opener."""
        if item.size <= KEPT_IN_MEMORY:
            data = self._fetch(item)
            if len(data) <= KEPT_IN_MEMORY:  # or else it has grown
                return partial(io.BytesIO, data)
        with self.stream(item.path) as stream:
            return Spool(stream, self.source_of(item.path)).reader

    def stream(self, path: str) -> BinaryIO:
        """Open an object in place; its data is fetched as it is read."""
        with self._errors(path):
            stream = self._files.calls.open(
                self._full(path), "rb", block_size=_BLOCK, cache_type="readahead"
            )
        return guarded(stream, partial(self._errors, path))

    def write(self, path: str, dump: Callable[[BinaryIO], object]) -> None:
        """Write an object with *dump*, whole or not at all."""
        with self._errors(path):
            upload(self._files, self._full(path), dump)

    def source_of(self, path: str) -> str:
        """Return an object's name in messages."""
        return f"{self.source.rstrip('/')}/{path}" if path else self.source

    def _errors(self, path: str = "") -> AbstractContextManager[None]:
        return remote_errors_of(self.source_of(path), self._secrets)

    def _fetch(self, item: Item) -> bytes:
        # A range saves a request for the size; an empty object has no ranges.
        limits = {"start": 0, "end": KEPT_IN_MEMORY + 1} if item.size else {}
        with self._errors(item.path):
            return bytes(self._files.calls.cat_file(self._full(item.path), **limits))

    def _size(self, path: str) -> int:
        return int(self._files.calls.info(self._full(path))["size"] or 0)

    def _full(self, path: str) -> str:
        return f"{self._files.root}/{path}" if path else self._files.root

    def _path_of(self, name: str) -> str:
        return name.removeprefix(self._files.root).removeprefix("/")
