"""File access that neither opens nor hangs on unexpected kinds of files."""

import os
import select
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from replay.authoring import os_errors_of
from replay.errors import BackendError
from replay_backends.formats.head import SIZE as HEAD_SIZE
from replay_backends.formats.telemetry.eval_log import is_packed_log

_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)  # some systems lack some of these
_READ_ONLY: Final[int] = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_ZIP: Final = (b"PK\3\4", b"PK\5\6")  # of a zip file, and of one without members
_KINDS: Final = {
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFREG: "a file",
    stat.S_IFSOCK: "a socket",
}
#: Whether the system can open files relative to an open directory.
HAS_DESCRIPTORS: Final = (
    os.open in os.supports_dir_fd
    and os.rename in os.supports_dir_fd
    and os.scandir in os.supports_fd
)


def open_named(path: Path, source: str) -> BinaryIO:
    """Open a file or pipe that the user named, or a link to one.

    If it is a pipe, wait until somebody writes to it.

    Raises:
        BackendError: It cannot be opened, or is something else.
    """
    descriptor = _open((str(path), None), source, {stat.S_IFREG, stat.S_IFIFO})
    file = os.fdopen(descriptor, "rb")
    if is_pipe(file):
        readable = select.poll()
        readable.register(file, select.POLLIN)
        readable.poll()
        os.set_blocking(descriptor, True)
    return file


def open_regular(path: Path, source: str) -> BinaryIO:
    """Open a regular file that the user named, or a link to one.

    Raises:
        BackendError: It cannot be opened, or is something else.
    """
    return os.fdopen(_open((str(path), None), source, {stat.S_IFREG}), "rb")


def is_pipe(file: BinaryIO) -> bool:
    """Tell whether an open file is a pipe, named or not."""
    return stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)


def is_zip_file(path: str) -> bool:
    """Tell whether an existing path is to be read as a zip file.

    That is told by its bytes; by its name only if it is a pipe, which cannot be looked
    into, or cannot be read. A zip file may begin with a program if its name says so.
    The log of an evaluation is a zip file, but read as one recording.
    """
    is_called_so = path.lower().endswith(".zip")
    with suppress(OSError):
        if Path(path).is_file():
            with Path(path).open("rb") as file:
                if file.read(len(_ZIP[0])) in _ZIP:
                    file.seek(0)
                    return not is_packed_log(file.read(HEAD_SIZE))
                return is_called_so and _has_end_of_zip(file)
    return is_called_so and not Path(path).is_dir()


def _has_end_of_zip(file: BinaryIO) -> bool:
    from zipfile import is_zipfile  # noqa: PLC0415 - slow, seldom needed

    return is_zipfile(file)


def check_kind(mode: int, source: str, allowed: set[int]) -> None:
    """Refuse a file of a kind that isn't allowed.

    Args:
        mode: The file's ``st_mode``.
        source: Its name in messages.
        allowed: Values of ``stat.S_IFMT``.

    Raises:
        BackendError: It is of another kind.
    """
    kind = stat.S_IFMT(mode)
    if kind not in allowed:
        wanted = " or ".join(sorted(_KINDS[each] for each in allowed))
        reason = f"{_KINDS.get(kind, 'a special file')}, not {wanted}"
        hint = "put a file there, or move it away" if allowed == {stat.S_IFREG} else ""
        raise BackendError(source, reason, hint)


@attrs.frozen
class Folder:
    """A directory, open until the ``with`` statement that opened it ends."""

    path: Path
    source: str  #: its name in messages
    descriptor: int | None  #: None: the system doesn't support them

    def place(self, name: str) -> tuple[str, int | None]:
        """Return a file's name and ``dir_fd``, for functions of ``os``."""
        if self.descriptor is None:
            return str(self.path / name), None
        return name, self.descriptor

    def source_of(self, path: str) -> str:
        """Return the name in messages of a file in or below it."""
        return source_below(self.source, path)

    def has(self, name: str) -> bool:
        """Tell whether it has an entry called *name*."""
        place, directory = self.place(name)
        with os_errors_of(self.source_of(name)):
            try:
                os.stat(place, dir_fd=directory, follow_symlinks=False)
            except FileNotFoundError:
                return False
        return True

    def open(self, name: str) -> BinaryIO:
        """Open a file in it for reading.

        Raises:
            BackendError: It cannot be opened, or is a link, pipe, device or socket.
        """
        place, source = self.place(name), self.source_of(name)
        return os.fdopen(_open(place, source, {stat.S_IFREG}, _NO_FOLLOW), "rb")

    def enter(self, name: str) -> AbstractContextManager["Folder"]:
        """Open a directory in it.

        Raises:
            BackendError: It cannot be opened, or is a link.
        """
        path, source = self.path / name, self.source_of(name)
        return _held(self.place(name), path, source, _NO_FOLLOW)


def source_below(source: str, path: str) -> str:
    """Return the name in messages of a file at a path in a directory."""
    return f"{source.rstrip('/')}/{path}"


def open_folder(path: Path, source: str) -> AbstractContextManager[Folder]:
    """Open a directory that the user named, or a link to one.

    Raises:
        BackendError: It cannot be opened, or isn't a directory.
    """
    return _held((str(path), None), path, source)


@contextmanager
def _held(
    place: tuple[str, int | None], path: Path, source: str, flags: int = 0
) -> Iterator[Folder]:
    if HAS_DESCRIPTORS:
        descriptor = _open(place, source, {stat.S_IFDIR}, flags)
        try:
            yield Folder(path, source, descriptor)
        finally:
            os.close(descriptor)
    else:
        with os_errors_of(source):
            mode = path.stat(follow_symlinks=not flags).st_mode
        check_kind(mode, source, {stat.S_IFDIR})
        yield Folder(path, source, None)


def _open(
    place: tuple[str, int | None], source: str, allowed: set[int], flags: int = 0
) -> int:
    """Return a descriptor of a file or directory of one of the *allowed* kinds."""
    name, directory = place
    with os_errors_of(source), ExitStack() as undo:
        # Checked first, because opening a device may have effects; then again, because
        # it may have been replaced meanwhile.
        found = os.stat(name, dir_fd=directory, follow_symlinks=not flags & _NO_FOLLOW)
        check_kind(found.st_mode, source, allowed)
        descriptor = os.open(name, _READ_ONLY | flags, dir_fd=directory)
        undo.callback(os.close, descriptor)
        check_kind(os.fstat(descriptor).st_mode, source, allowed)
        undo.pop_all()
    return descriptor
