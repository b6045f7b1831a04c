"""Standard output: what happens when nobody reads it, or nothing can be written."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def is_terminal() -> bool:
    """Tell whether a person is looking at it."""
    return sys.stdout is not None and sys.stdout.isatty()


def write(text: str) -> None:
    """Write *text*.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OSError: It cannot be written.
    """
    with _stream() as stream:
        stream.write(text)


def flush() -> None:
    """Write out what is still held back.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OSError: It cannot be written.
    """
    if sys.stdout is not None:
        with _stream() as stream:
            stream.flush()


def abandon() -> None:
    """Throw away what is held back, for the interpreter would write it at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _stream() -> Iterator[TextIO]:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    try:
        yield sys.stdout
    except OSError as error:
        abandon()
        raise OSError(error.errno, error.strerror, "standard output") from error
