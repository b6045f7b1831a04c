"""Files opened so that nothing blocks, and nothing odd is opened at all."""

import os
import select
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from replay.errors import BackendError
from replay.os_errors import os_errors_of

_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)  # not every system has all these
_READ_ONLY: Final[int] = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS: Final = {
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFREG: "a file",
    stat.S_IFSOCK: "a socket",
}


def open_named(path: Path, source: str) -> BinaryIO:
    """Open what a user names: a file or a pipe, or a link to one.

    A pipe is waited for until somebody writes to it.

    Raises:
        BackendError: It cannot be opened, or is something else.
    """
    descriptor = _open(str(path), source, None, {stat.S_IFREG, stat.S_IFIFO}, 0)
    file = os.fdopen(descriptor, "rb")
    if is_pipe(file):
        _wait_for_a_writer(file)
        os.set_blocking(descriptor, True)
    return file


def open_regular(path: Path, source: str) -> BinaryIO:
    """Open what a user names: a file, or a link to one, that can be read anywhere.

    Raises:
        BackendError: It cannot be opened, or is something else.
    """
    return os.fdopen(_open(str(path), source, None, {stat.S_IFREG}, 0), "rb")


def open_inside(name: str, directory: int | None, source: str) -> BinaryIO:
    """Open a file within a directory of sessions: no link, no pipe, no device.

    Args:
        name: The file's name within *directory*, or its path where that is None.
        directory: An open directory; None: the system knows none.
        source: What messages call the file.

    Raises:
        BackendError: It cannot be opened, or is no file.
    """
    descriptor = _open(name, source, directory, {stat.S_IFREG}, _NO_FOLLOW)
    return os.fdopen(descriptor, "rb")


def open_directory(
    name: str, directory: int | None, source: str, *, follows: bool
) -> int:
    """Open a directory; return its descriptor.

    Args:
        name: Its name within *directory*, or its path where that is None.
        directory: An open directory, or None.
        source: What messages call it.
        follows: Whether it may be a link to a directory.

    Raises:
        BackendError: It cannot be opened, or is no directory.
    """
    flags = 0 if follows else _NO_FOLLOW
    return _open(name, source, directory, {stat.S_IFDIR}, flags)


def is_pipe(file: BinaryIO) -> bool:
    """Tell whether an open file is a pipe, with a name or without."""
    return stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)


def check_kind(mode: int, source: str, allowed: set[int]) -> None:
    """Refuse what is none of the *allowed* kinds of file.

    Args:
        mode: ``st_mode`` of what was found.
        source: What messages call it.
        allowed: Values of ``stat.S_IFMT``.

    Raises:
        BackendError: It is of another kind.
    """
    kind = stat.S_IFMT(mode)
    if kind not in allowed:
        wanted = " or ".join(sorted(_KINDS[each] for each in allowed))
        reason = f"{_KINDS.get(kind, 'something odd')}, not {wanted}"
        hint = "put a file there, or move it away" if allowed == {stat.S_IFREG} else ""
        raise BackendError(source, reason, hint)


def _open(
    name: str, source: str, directory: int | None, allowed: set[int], flags: int
) -> int:
    follows = not flags & _NO_FOLLOW
    with os_errors_of(source), ExitStack() as undo:
        # Looked at first, for opening a device may do something; then again, for it
        # may have been replaced meanwhile.
        found = os.stat(name, dir_fd=directory, follow_symlinks=follows)
        check_kind(found.st_mode, source, allowed)
        descriptor = os.open(name, _READ_ONLY | flags, dir_fd=directory)
        undo.callback(os.close, descriptor)
        check_kind(os.fstat(descriptor).st_mode, source, allowed)
        undo.pop_all()
    return descriptor


def _wait_for_a_writer(pipe: BinaryIO) -> None:
    readable = select.poll()
    readable.register(pipe, select.POLLIN)
    readable.poll()
