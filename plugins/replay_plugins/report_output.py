"""What a plugin says at the end: printed, or written to a file that its user names."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from replay.security.files import output_file


def kept_text(text: str) -> str:
    r"""Return *text* in ASCII, in which there are no halves.

    >>> kept_text("Köln")
    'K\\xf6ln'
    """
    return text.encode("unicode_escape").decode()


def text_of(kept: str) -> str:
    r"""Return the text that was kept.

    >>> text_of("K\\xf6ln")
    'Köln'
    """
    return kept.encode().decode("unicode_escape")


_AT_ONCE: Final = 1000  # pieces


def tell(pieces: Iterable[str], output: Path | None) -> None:
    """Print *pieces*, or write them; never are all of them in memory.

    Args:
        pieces: Text.
        output: A file, which is written whole or not at all; where it is a link, what
            that leads to. A pipe or a device gets them as they come. None: standard
            output, if there is any.

    Raises:
        OSError: It cannot be written.
    """
    if output is None:
        _print(pieces)
    else:
        with output_file(output) as write:
            for text in pieces:
                write(text)


def _print(pieces: Iterable[str]) -> None:
    if sys.stdout is not None:  # as it is where standard output is closed
        encoding = sys.stdout.encoding or "utf-8"
        for text in _joined(pieces):
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _joined(pieces: Iterable[str]) -> Iterator[str]:
    left = iter(pieces)
    while text := "".join(islice(left, _AT_ONCE)):
        yield text
