"""The API key, which nothing ever shows."""

import os
import re
from typing import TYPE_CHECKING, Final

from replay.errors import AuthError

if TYPE_CHECKING:
    from requests import PreparedRequest

#: Where a key is looked for, first one first.
VARIABLES: Final = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")

_VISIBLE: Final = re.compile(r"[!-~]+")
_TELLING: Final = 8  # characters of a key that are masked without the others, too


class Key:
    """A key that only the service gets to see.

    As ``auth=`` of requests it sets the header itself. That keeps a line in
    ``~/.netrc`` from taking its place.
    """

    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self.origin = origin  #: what messages call the place where it was found

    def __call__(self, request: "PreparedRequest") -> "PreparedRequest":
        """Put the key into a request."""
        request.headers["Authorization"] = f"Bearer {self._text}"
        return request

    def masked(self, text: str) -> str:
        """Return *text* with the key, in any case, left out.

        Where *text* was cut within the key, its beginning is left out, with all that
        follows up to white space.
        """
        whole, beginning = map(re.escape, (self._text, self._text[:_TELLING]))
        pattern = f"{whole}|{beginning}[!-~]*"
        return re.sub(pattern, "(the key)", text, flags=re.IGNORECASE)

    def __repr__(self) -> str:
        return f"<the key from {self.origin}>"


def no_key(request: "PreparedRequest") -> "PreparedRequest":
    """Leave a request as it is: as ``auth=``, it keeps ``~/.netrc`` out of it."""
    return request


def find_key(api_key: str | None, source: str) -> Key | None:
    """Return the key to use, or None where there is none.

    Args:
        api_key: What the user gave; None or blank: look into the environment.
        source: What messages call the service.

    Raises:
        AuthError: What is there cannot be a key.
    """
    given = [("api_key=", api_key)]
    given += [(name, os.environ.get(name)) for name in VARIABLES]
    for origin, text in given:
        if text and (stripped := text.strip()):
            return _checked(stripped, origin, source)
    return None


def _checked(text: str, origin: str, source: str) -> Key:
    if not _VISIBLE.fullmatch(text):
        reason = f"the key from {origin} holds a character that no key has"
        raise AuthError(source, reason, "copy it again; it begins with llx-")
    return Key(text, origin)
