"""Objects that are put in place whole or not at all."""

import io
import shutil
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from replay.source_text import KEPT
from replay.temporary_files import may_use_disk
from replay_backends.remote.filesystems import FileSystem

_BLOCK: Final = 8 << 20  # bytes that are sent at once; S3 wants 5 MiB at least


def upload(
    files: FileSystem, path: str, dump: Callable[[BinaryIO], object], kept: int = KEPT
) -> None:
    """Write an object. Where that fails, what bore the name is as it was.

    Args:
        files: Where it goes.
        path: Its whole path there.
        dump: Writes what it is to hold.
        kept: The largest object that is sent in one piece, in bytes.
    """
    with _room(kept) as file:
        dump(file)
        size = file.tell()
        file.seek(0)
        if size <= kept or files.calls.protocol == "memory":
            files.calls.pipe_file(path, file.read())
        else:
            _send_in_pieces(files, path, file)


def _room(kept: int) -> BinaryIO:
    if may_use_disk():
        return cast("BinaryIO", SpooledTemporaryFile(kept))  # closed by the caller
    return io.BytesIO()


def _send_in_pieces(files: FileSystem, path: str, file: BinaryIO) -> None:
    goal = files.calls.open(path, "wb", block_size=_BLOCK, autocommit=False)
    try:
        shutil.copyfileobj(file, goal, _BLOCK)
        goal.close()
    except BaseException:
        goal.closed = True  # or else it would be put in place when it is forgotten
        goal.discard()
        raise
    goal.commit()
