"""The members of a zip file, or of a directory in it, or one of them."""

import io
import lzma
import stat
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Lock
from typing import BinaryIO, Final, cast
from weakref import finalize
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import attrs

from replay.authoring import KEPT_IN_MEMORY, os_failure
from replay.errors import BackendError, DecodeError, LimitExceededError, ReplayError
from replay_backends.files.byte_streams import (
    HIGHEST_RATIO,
    UNCHECKED,
    guarded,
    is_compressed,
)
from replay_backends.files.directory_scan import is_file_name
from replay_backends.remote.locations import Item, Opener
from replay_backends.remote.zip_directory import check_directory

_WHERE: Final = "zip data"
_REPACK: Final = "unpack it first, or pack it anew"
_ENCRYPTED: Final = 0x1
#: Methods that zipfile unpacks in pieces. A few bytes of bzip2 are gigabytes at once.
_PACKINGS: Final = (ZIP_STORED, ZIP_DEFLATED)
_OF_PACKED: Final = 10  # highest ratio for data that is compressed twice
_FAULTS: Final = (
    BadZipFile,
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    zlib.error,
)


@attrs.define(eq=False)
class Archive:
    """A zip file, kept open from its first use on. It can be pickled.

    Args:
        open_file: Opens it, seekable.
        source: Its name in messages.
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

    def probe(self) -> None:
        """Open it, and find out what is inside.

        Raises:
            BackendError: It cannot be opened, or has nothing of that name.
            DecodeError: It isn't a zip file.
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
        return sorted(items, key=Item.order)

    def is_misnamed(self, item: Item) -> bool:
        """Tell whether a member is damaged so that its name may be another.

        Then it cannot be read, and opening it says why.
        """
        try:
            self._opened().open(self._info(item.path)).close()
        except RuntimeError:  # it is encrypted, say, so its names were compared
            return False
        except BadZipFile:
            return True
        return False

    def opener(self, item: Item) -> Opener:
        """Return a member's opener; a large one is unpacked whenever it is opened."""
        source = self.source_of(item.path)
        info = self._info(item.path)
        _check_member(info, source)
        if info.filename in self._repeated:
            raise BackendError(source, "several members have that name")
        opener: Opener = partial(self._stream, item.path)
        if info.file_size <= KEPT_IN_MEMORY:
            with opener() as member:
                opener = partial(io.BytesIO, member.read())
        _check_contents(info, opener, source)
        return opener

    def source_of(self, path: str) -> str:
        """Return a member's name in messages."""
        return "/".join(filter(None, (self.source, self._inside, path)))

    def close(self) -> None:
        """Close the zip file, which stays open while a member is being read."""
        with self._lock:
            self._zip = None

    def __reduce__(self) -> tuple[object, ...]:
        return Archive, (self._open_file, self.source, self._inside)

    def _opened(self) -> ZipFile:
        with self._lock, _zip_errors_of(self.source):
            if self._zip is None:
                self._zip = self._checked()
            return self._zip

    def _checked(self) -> ZipFile:
        with ExitStack() as undo:
            file = undo.enter_context(self._open_file())
            opened = ZipFile(file)
            infos = opened.infolist()
            check_directory(file, infos)
            size = file.seek(0, io.SEEK_END)
            if sum(info.compress_size for info in infos) > size:
                raise DecodeError(_WHERE, "its members overlap", self.source)
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
        errors = partial(_zip_errors_of, self.source_of(path))
        with errors():
            member = self._opened().open(self._info(path))
        return guarded(cast("BinaryIO", member), errors)

    def _path_of(self, name: str) -> str | None:
        """Return a member's path relative to ``inside``; None: it is elsewhere."""
        if not self._inside or name == self._inside:
            return name.removeprefix(self._inside)
        below = name.removeprefix(f"{self._inside}/")
        return None if below == name else below


@contextmanager
def _zip_errors_of(source: str) -> Iterator[None]:
    """Turn a zip file's errors within the block into ours."""
    try:
        yield
    except ReplayError:
        raise
    except _FAULTS as error:
        if isinstance(error.__context__, ReplayError):  # it could not even be read
            raise error.__context__ from None
        reason = f"cut short or corrupt: {error or type(error).__name__}"
        raise DecodeError(_WHERE, reason, source) from error
    except OSError as error:
        raise os_failure(source, error) from error


def _check_member(info: ZipInfo, source: str) -> None:
    """Refuse a member that cannot be read safely.

    Raises:
        BackendError: It is encrypted or a link, its name leads elsewhere, or it is
            packed, but not with deflate.
        LimitExceededError: It would grow to more than 1,000 times its size.
    """
    if not all(map(is_file_name, info.filename.split("/"))):
        raise BackendError(source, "its name leads out of the zip file", _REPACK)
    if info.flag_bits & _ENCRYPTED:
        raise BackendError(source, "it is encrypted", _REPACK)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BackendError(source, "it is a symbolic link", _REPACK)
    if info.compress_type not in _PACKINGS:
        raise BackendError(source, "it is packed, but not with deflate", _REPACK)
    if info.file_size > max(UNCHECKED, info.compress_size * HIGHEST_RATIO):
        reason = f"grow to more than {HIGHEST_RATIO} times their size"
        hint = "if you trust them, unpack them first"
        raise LimitExceededError(_WHERE, reason, source, hint)


def _check_contents(
    info: ZipInfo, open_file: Callable[[], BinaryIO], source: str
) -> None:
    """Refuse a member that is compressed twice, each time to much less.

    Gzip and zstd data hardly shrinks again: if it does, it was made as a bomb.
    """
    if info.file_size > max(UNCHECKED, info.compress_size * _OF_PACKED):
        with open_file() as file:
            if is_compressed(file):
                reason = f"hold packed data that grow to {_OF_PACKED} times their size"
                raise LimitExceededError(_WHERE, reason, source, _REPACK)
