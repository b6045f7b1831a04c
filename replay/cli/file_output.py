"""A file that appears whole or not at all."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from replay.cli import standard_output


@contextmanager
def output_to(path: str | None) -> Iterator[Callable[[str], None]]:
    """Yield what writes text to a file, which is there once the block is left well.

    Args:
        path: The file; what it held is replaced. A pipe or device is written to as
            it is. None or ``-``: standard output.

    Raises:
        OSError: It cannot be written; what a file held is as it was.
    """
    if path is None or path == "-":
        yield standard_output.write
        return
    target = Path(os.path.realpath(path))
    with _naming(path):
        draft = None if _is_special(path) else _draft_of(target)
        file = open(draft or path, "w" if draft is None else "x", encoding="utf-8")  # noqa: PTH123, SIM115 - a path of any kind, closed below
    try:
        yield lambda text: _write(file, path, text)
        with _naming(path):
            file.close()
            if draft is not None:
                _publish(draft, target)
    except BaseException:
        with suppress(OSError):
            file.close()
        if draft is not None:
            draft.unlink(missing_ok=True)
        raise


def _is_special(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path of any kind
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode)


def _draft_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")


def _publish(draft: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        draft.chmod(stat.S_IMODE(target.stat().st_mode))
    draft.replace(target)


def _write(file: TextIO, path: str, text: str) -> None:
    with _naming(path):
        file.write(text)


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Let an error name what the user named, not the draft beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
