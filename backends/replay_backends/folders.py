"""Directories that are held open while they are used, so that nobody can swap them."""

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from replay.os_errors import os_errors_of
from replay_backends.open_files import check_kind, open_directory, open_inside

#: Whether the system lets files be named from an open directory.
HAS_DESCRIPTORS: Final = (
    os.open in os.supports_dir_fd
    and os.rename in os.supports_dir_fd
    and os.scandir in os.supports_fd
)


@attrs.frozen
class Folder:
    """A directory, open until the ``with`` statement that opened it ends."""

    path: Path
    source: str  #: what messages call it
    descriptor: int | None  #: None: the system knows none

    def place(self, name: str) -> tuple[str, int | None]:
        """Return a file's name and ``dir_fd``, as the functions of ``os`` take them."""
        if self.descriptor is None:
            return str(self.path / name), None
        return name, self.descriptor

    def source_of(self, path: str) -> str:
        """Return what messages call a file in it or below."""
        return source_below(self.source, path)

    def has(self, name: str) -> bool:
        """Tell whether anything in it bears a name."""
        place, directory = self.place(name)
        with os_errors_of(self.source_of(name)):
            try:
                os.stat(place, dir_fd=directory, follow_symlinks=False)
            except FileNotFoundError:
                return False
        return True

    def is_read_only(self) -> bool:
        """Tell whether nobody is meant to write in it, though root could."""
        place, directory = self.place(".")
        with os_errors_of(self.source):
            return not os.stat(place, dir_fd=directory).st_mode & 0o222

    def open(self, name: str) -> BinaryIO:
        """Open a file in it to be read.

        Raises:
            BackendError: It cannot be opened, or is a link, pipe, device or socket.
        """
        return open_inside(*self.place(name), self.source_of(name))

    def enter(self, name: str) -> AbstractContextManager["Folder"]:
        """Open a directory in it.

        Raises:
            BackendError: It cannot be opened, or is a link.
        """
        path, source = self.path / name, self.source_of(name)
        return _held(self.place(name), path, source, follows=False)


def source_below(source: str, path: str) -> str:
    """Return what messages call a file in a directory or below.

    Args:
        source: What they call the directory.
        path: Where the file is, from there.
    """
    return f"{source.rstrip('/')}/{path}"


def open_folder(path: Path, source: str) -> AbstractContextManager[Folder]:
    """Open a directory that a user names; it may be a link to one.

    Raises:
        BackendError: It cannot be opened, or is no directory.
    """
    return _held((str(path), None), path, source, follows=True)


@contextmanager
def _held(
    place: tuple[str, int | None], path: Path, source: str, *, follows: bool
) -> Iterator[Folder]:
    if HAS_DESCRIPTORS:
        descriptor = open_directory(*place, source, follows=follows)
        try:
            yield Folder(path, source, descriptor)
        finally:
            os.close(descriptor)
    else:
        with os_errors_of(source):
            mode = path.stat(follow_symlinks=follows).st_mode
        check_kind(mode, source, {stat.S_IFDIR})
        yield Folder(path, source, None)
