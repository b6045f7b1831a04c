"""What values faults can take."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import urlsplit

#: Takes a value; raises ValueError where it is none, saying why if that is not plain.
Check: TypeAlias = Callable[[str], None]

_COUNT: Final = re.compile(r"[0-9]{1,18}")
_HEADER_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_URL: Final = re.compile(r"[!-~]+")


def check_seconds(text: str) -> None:
    """Check a number of seconds, 0 or more."""
    if not 0 <= float(text) < float("inf"):
        raise ValueError


def check_header(text: str) -> None:
    """Check what can stand in a header."""
    if not _HEADER_VALUE.fullmatch(text):
        raise ValueError


def check_url(text: str) -> None:
    """Check a URL, or what stands in the place of one."""
    urlsplit(text)
    if not _URL.fullmatch(text):
        raise ValueError


def count_up_to(most: int) -> Check:
    """Return what checks a whole number from 0 to *most*."""

    def check(text: str) -> None:
        if not _COUNT.fullmatch(text):
            raise ValueError
        if int(text) > most:
            message = f"it takes {most} at most"
            raise ValueError(message)

    return check
