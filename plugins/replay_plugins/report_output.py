"""The output of a plugin's report: printed, or written to a file."""

import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from replay.authoring import output_file

_AT_ONCE: Final = 1000  # pieces


def write_report(pieces: Iterable[str], output: Path | None = None) -> None:
    """Write text to standard output or to a file, without holding all of it.

    Args:
        pieces: The text.
        output: A file, written whole or not at all, as by
            :func:`~replay.authoring.output_file`. None: standard output, unless it is
            closed; characters that it cannot show are escaped.

    Raises:
        OSError: It cannot be written.
    """
    if output is not None:
        with output_file(output) as write:
            for text in pieces:
                write(text)
    elif sys.stdout is not None:
        encoding, left = sys.stdout.encoding or "utf-8", iter(pieces)
        while text := "".join(islice(left, _AT_ONCE)):
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


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
