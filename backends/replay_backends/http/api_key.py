"""The key: where it is found, and how it is masked."""

import os
import re
from typing import TYPE_CHECKING, Final

from replay.errors import AuthError

if TYPE_CHECKING:
    from requests import PreparedRequest

#: The environment variables that may hold a key; the first one wins.
VARIABLES: Final = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")

_VISIBLE: Final = re.compile(r"[!-~]+")
_MASKED_ALONE: Final = 8  # first characters of a key, masked even without the rest


class Key:
    """A key that only the service gets to see.

    As ``auth=`` of requests it sets the header itself. That keeps a line in
    ``~/.netrc`` from taking its place.
    """

    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self.origin = origin  #: the place where it was found, for messages

    def __call__(self, request: "PreparedRequest") -> "PreparedRequest":
        """Put the key into a request."""
        request.headers["Authorization"] = f"Bearer {self._text}"
        return request

    def masked(self, text: str) -> str:
        """Return *text* with the key masked, in upper or lower case.

        If *text* was cut within the key, the key's beginning is masked, with
        everything up to the next white space.
        """
        whole, beginning = map(re.escape, (self._text, self._text[:_MASKED_ALONE]))
        pattern = f"{whole}|{beginning}[!-~]*"
        return re.sub(pattern, "(the key)", text, flags=re.IGNORECASE)

    def __repr__(self) -> str:
        return f"<the key from {self.origin}>"


def no_key(request: "PreparedRequest") -> "PreparedRequest":
    """Return a request as it is; as ``auth=``, this keeps ``~/.netrc`` out of it."""
    return request


def find_key(api_key: str | None, source: str) -> Key | None:
    """Return the key to use, or None if there is none.

    Args:
        api_key: The user's key; None or blank: look in the environment.
        source: The service's name in messages.

    Raises:
        AuthError: The value found cannot be a key.
    """
    given = [("api_key=", api_key)]
    given += [(name, os.environ.get(name)) for name in VARIABLES]
    for origin, text in given:
        if text and (stripped := text.strip()):
            return _checked(stripped, origin, source)
    return None


def _checked(text: str, origin: str, source: str) -> Key:
    if not _VISIBLE.fullmatch(text):
        reason = f"the key from {origin} holds a character that keys never contain"
        raise AuthError(source, reason, "copy it again; it begins with llx-")
    return Key(text, origin)
