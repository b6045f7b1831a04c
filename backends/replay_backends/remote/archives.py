"""The members of a zip file, or of a directory in it, or one of them."""

import io
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Lock
from typing import BinaryIO, cast
from weakref import finalize
from zipfile import ZipFile, ZipInfo

import attrs

from replay.errors import BackendError, DecodeError
from replay.source_text import KEPT
from replay_backends.remote.members import (
    WHERE,
    check_contents,
    check_member,
    zip_errors_of,
)
from replay_backends.remote.stores import Item, Opener, in_order
from replay_backends.remote.streams import guarded


@attrs.define(eq=False)
class Archive:
    """A zip file, which is kept open from its first use on. It can be pickled.

    Args:
        open_file: Opens it, seekable.
        source: What messages call it.
        inside: A directory or a member in it; empty: all of it.
    """

    _open_file: Callable[[], BinaryIO]
    source: str
    _inside: str = ""
    is_single: bool = attrs.field(default=False, init=False)
    at_once: int = attrs.field(default=1, init=False)
    _zip: ZipFile | None = attrs.field(default=None, init=False)
    _repeated: frozenset[str] = attrs.field(default=frozenset(), init=False)
    _lock: Lock = attrs.field(factory=Lock, init=False)

    def look(self) -> None:
        """Open it, and find out what is inside.

        Raises:
            BackendError: It cannot be opened, or has nothing there.
            DecodeError: It is no zip file.
        """
        names = self._opened().namelist()
        self.is_single = self._inside in names
        if not any(self._path_of(name) is not None for name in names) and self._inside:
            raise BackendError(self.source, f"it has nothing called {self._inside!a}")

    def items(self) -> list[Item]:
        """Return all members, each name once."""
        if self.is_single:
            return [Item("", self._info("").file_size)]
        infos = self._opened().NameToInfo
        items = [
            Item(path, info.file_size)
            for name, info in infos.items()
            if not name.endswith("/") and (path := self._path_of(name)) is not None
        ]
        return sorted(items, key=in_order)

    def opener(self, item: Item) -> Opener:
        """Read a member into memory; a large one is unpacked each time it is opened."""
        source = self.source_of(item.path)
        info = self._info(item.path)
        check_member(info, source)
        if info.filename in self._repeated:
            raise BackendError(source, "several members have that name")
        opener: Opener = partial(self._stream, item.path)
        if info.file_size <= KEPT:
            with opener() as member:
                opener = partial(io.BytesIO, member.read())
        check_contents(info, opener, source)
        return opener

    def source_of(self, path: str) -> str:
        """Return what messages call a member."""
        return "/".join(filter(None, (self.source, self._inside, path)))

    def close(self) -> None:
        """Close the zip file; what still reads a member of it keeps it open."""
        with self._lock:
            self._zip = None

    def __reduce__(self) -> tuple[object, ...]:
        return Archive, (self._open_file, self.source, self._inside)

    def _opened(self) -> ZipFile:
        with self._lock, zip_errors_of(self.source):
            if self._zip is None:
                self._zip = self._checked()
            return self._zip

    def _checked(self) -> ZipFile:
        with ExitStack() as undo:
            file = undo.enter_context(self._open_file())
            opened = ZipFile(file)
            infos = opened.infolist()
            size = file.seek(0, io.SEEK_END)
            if sum(info.compress_size for info in infos) > size:
                raise DecodeError(WHERE, "its members overlap", self.source)
            undo.pop_all()
        finalize(opened, file.close)
        counted = Counter(info.filename for info in infos)
        self._repeated = frozenset(name for name, n in counted.items() if n > 1)
        return opened

    def _info(self, path: str) -> ZipInfo:
        name = "/".join(filter(None, (self._inside, path)))
        try:
            return self._opened().getinfo(name)
        except KeyError:
            raise BackendError(
                self.source_of(path), "there is no such member"
            ) from None

    def _stream(self, path: str) -> BinaryIO:
        errors = partial(zip_errors_of, self.source_of(path))
        with errors():
            member = self._opened().open(self._info(path))
        return guarded(cast("BinaryIO", member), errors)

    def _path_of(self, name: str) -> str | None:
        """Return a member's path from where the user is; None: it is elsewhere."""
        if not self._inside or name == self._inside:
            return name.removeprefix(self._inside)
        below = name.removeprefix(f"{self._inside}/")
        return None if below == name else below
