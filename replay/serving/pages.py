"""Lists in pages, each with an opaque token that leads to the next one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from replay.serving.settings import LastPageToken
from replay.serving.validation import invalid

_LARGEST: Final = 1_000_000  # of pages: more than any source has
_LAST_ENTRY: Final = 1 << 62
_LAST: Final[Mapping[LastPageToken, dict[str, object]]] = {
    "absent": {},
    "null": {"next_page_token": None},
    "empty": {"next_page_token": ""},
}


def page_asked_for(query: Mapping[str, str], size: int) -> tuple[int, int]:
    """Return the number of the first entry that a request asks for, and how many.

    Args:
        query: The request's parameters.
        size: How many it is where the request does not say; it is a million at most.

    Raises:
        InvalidRequestError: The size or the token is wrong.
    """
    token = query.get("page_token", "")
    return _start(token) if token else 0, _size(query.get("page_size"), size)


def _start(token: str) -> int:
    with suppress(ValueError):
        start = int(urlsafe_b64decode(token))
        if 0 <= start <= _LAST_ENTRY and token == _token(start):
            return start
    where = ("query", "page_token")
    raise invalid(where, "value_error", "Invalid page token")


def _token(start: int) -> str:
    return urlsafe_b64encode(b"%d" % start).decode("ascii")


def _size(text: str | None, default: int) -> int:
    if text is None:
        return default
    where = ("query", "page_size")
    try:
        size = int(text)
    except ValueError:
        sentence = "Input should be a valid integer, unable to parse"
        raise invalid(where, "int_parsing", sentence) from None
    if size < 1:
        sentence = "Input should be greater than or equal to 1"
        raise invalid(where, "greater_than_equal", sentence)
    return min(size, _LARGEST)


def next_page(following: int | None, last: LastPageToken) -> dict[str, object]:
    """Return the part of an answer that leads to the next page.

    Args:
        following: The number of the next page's first entry; None: there is none.
        last: How to say so.
    """
    if following is None:
        return _LAST[last]
    return {"next_page_token": _token(following)}
