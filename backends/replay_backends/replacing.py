"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from replay.os_errors import os_errors_of
from replay_backends.folders import Folder

_NEW: Final[int] = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


@contextmanager
def replaced(folder: Folder, name: str, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a file to be written, which takes its name when the block ends well.

    Until then, and where the block fails, what bore the name is as it was. A program
    that is killed leaves a hidden file behind, never half a file of that name. It is
    not forced onto the disk: a power cut may lose it.

    Args:
        folder: Where the file goes.
        name: Its name there.
        mode: Its permissions, less the process's umask.

    Raises:
        BackendError: It cannot be written.
    """
    temporary, directory = folder.place(f".chat-replay-{secrets.token_hex(8)}.tmp")
    with os_errors_of(folder.source_of(name)):
        descriptor = os.open(temporary, _NEW, mode, dir_fd=directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            final, _ = folder.place(name)
            os.replace(temporary, final, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            os.unlink(temporary, dir_fd=directory)
            raise
