"""The output of a plugin's report: printed, or written to a file."""

import errno
import os
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from replay.authoring import output_file

_AT_ONCE: Final = 1000  # pieces
_STANDARD_OUTPUT: Final = "standard output"  # its name in an OSError


def write_report(pieces: Iterable[str], output: Path | None = None) -> None:
    """Write text to standard output or to a file, without holding all of it.

    Args:
        pieces: The text.
        output: A file, written whole or not at all, as by
            :func:`~replay.authoring.output_file`. None: standard output; characters
            that it cannot show are escaped.

    Raises:
        OSError: It cannot be written; standard output may be closed.
    """
    if output is not None:
        with output_file(output) as write:
            for text in pieces:
                write(text)
        return
    left = iter(pieces)
    while text := "".join(islice(left, _AT_ONCE)):
        _print(text)


def _print(text: str) -> None:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), _STANDARD_OUTPUT)
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except OSError as error:
        raise OSError(error.errno, error.strerror, _STANDARD_OUTPUT) from error


def escape_text(text: str) -> str:
    r"""Return *text* in ASCII, which JSON keeps even if it has lone surrogates.

    >>> escape_text("Köln")
    'K\\xf6ln'
    """
    return text.encode("unicode_escape").decode()


def unescape_text(escaped: str) -> str:
    r"""Return the original text of a result of :func:`escape_text`.

    >>> unescape_text("K\\xf6ln")
    'Köln'
    """
    return escaped.encode().decode("unicode_escape")
