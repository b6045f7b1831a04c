"""Files that are written whole or not at all, and temporary files.

A file is written as a hidden draft beside it, and takes its name when it is whole.
Until then, and if anything fails, the file that has the name is as it was. A program
that is killed leaves at most a draft behind. Concurrent writers do not disturb each
other: the last one wins, with a whole file.

- :func:`whole_file` writes a file whose name the program chose. A link of that name is
  replaced, not followed. The mode is the given one, less the umask.
- :func:`output_file` writes a file that the user named. A link is followed, a file that
  is replaced keeps its mode, and a pipe or a device gets the text as it comes.
- :func:`temporary_file` holds what is too large for memory, but keeps off the disk
  what must not reach it.

Nothing is synced to disk: a power cut may lose what was written last. If you need more,
sync the file before the block ends, and then its directory.
"""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final, cast

_NEW: Final[int] = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)  # not every system has all these
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


@contextmanager
def whole_file(
    path: str | Path,
    *,
    directory: int | None = None,
    mode: int = 0o666,
    draft: str | Path | None = None,
    is_new: bool = False,
) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name if the block succeeds.

    Args:
        path: The file; within *directory*, if that is given.
        directory: The descriptor of an open directory.
        mode: The file's permissions, less the umask.
        draft: The draft's path, for a writer that excludes all others: it replaces
            what a killed writer left. None: a hidden file with a random name.
        is_new: Refuse a name that is taken. The file then has its name from the start,
            and is removed if the block fails.

    Raises:
        OSError: It cannot be written; the error names *path*.
    """
    name = os.fspath(path)
    written = name if is_new else os.fspath(draft or _hidden_beside(name))
    with _naming(name):
        if draft is not None and not is_new:
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=directory)
        descriptor = os.open(written, _NEW, mode, dir_fd=directory)
    try:
        with _closing(os.fdopen(descriptor, "wb")) as file:
            yield file
            with _naming(name):
                file.flush()
        with _naming(name):
            os.replace(written, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with suppress(OSError):
            os.unlink(written, dir_fd=directory)
        raise


@contextmanager
def output_file(path: str | Path) -> Iterator[Callable[[str], None]]:
    """Yield a function that writes text to a file that the user named.

    Args:
        path: The file. It is written whole or not at all; a pipe or a device gets the
            text as it comes.

    Raises:
        OSError: It cannot be written; the error names *path*.
    """
    name = os.fspath(path)
    with ExitStack() as stack:
        with _naming(name):
            mode = _mode_of(name)
            if mode is None or stat.S_ISREG(mode):
                file = stack.enter_context(whole_file(os.path.realpath(name)))
                if mode is not None:
                    os.fchmod(file.fileno(), stat.S_IMODE(mode))
            else:
                file = stack.enter_context(_closing(open(name, "wb")))  # noqa: PTH123, SIM115 - any path; closed by the stack
        yield partial(_write, file, name)
        with _naming(name):
            stack.close()


def temporary_file(in_memory: int = 0) -> BinaryIO:
    """Return a new file without a name, which is deleted when it is closed.

    Args:
        in_memory: Bytes that are kept in memory. While a command rewrites
            sessions, all are: what was recorded then reaches no disk.
    """
    if not may_use_disk():
        return io.BytesIO()
    from tempfile import SpooledTemporaryFile, TemporaryFile  # noqa: PLC0415 - slow

    file = SpooledTemporaryFile(in_memory) if in_memory else TemporaryFile()  # noqa: SIM115 - the caller closes it
    return cast("BinaryIO", file)


_lock = Lock()
_refused = 0  # how many ask for memory only


@contextmanager
def memory_only() -> Iterator[None]:
    """Keep what this process reads out of temporary files within the block."""
    _refuse(1)
    try:
        yield
    finally:
        _refuse(-1)


def may_use_disk() -> bool:
    """Tell whether temporary files may be used."""
    return not _refused


def _refuse(count: int) -> None:
    global _refused  # noqa: PLW0603 - it applies to the whole process, threads too
    with _lock:
        _refused += count


@contextmanager
def _closing(file: BinaryIO) -> Iterator[BinaryIO]:
    """Close a file after the block; if the block fails, raise only its error."""
    try:
        yield file
        file.close()
    except BaseException:
        with suppress(OSError):
            file.close()
        raise


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Make errors name the caller's file, not the draft beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _hidden_beside(name: str) -> str:
    folder, _ = os.path.split(name)
    return os.path.join(folder, f".chat-replay-{os.urandom(8).hex()}.tmp")  # noqa: PTH118 - it may be relative to a descriptor


def _mode_of(path: str) -> int | None:
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - a path of any kind
    except FileNotFoundError:
        return None


def _write(file: BinaryIO, name: str, text: str) -> None:
    with _naming(name):
        file.write(text.encode())
