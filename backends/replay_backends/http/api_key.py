"""The key: where it is found, and how it is masked.

A key shorter than eight characters may be a part of any word. It is masked nowhere; a
text in which it stands as a word of its own isn't shown.
"""

import json
import os
import re
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from replay.errors import AuthError

if TYPE_CHECKING:
    from requests import PreparedRequest

#: The environment variables that may hold a key; the first one wins.
VARIABLES: Final = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")

_VISIBLE: Final = re.compile(r"[!-~]+")
_SHORTEST: Final = 8  # characters of a key, or of its beginning, that are masked
_MASK: Final = "(the key)"
_WITHHELD: Final = "(not shown, since the key is in it)"
_PIECE: Final = 1 << 20
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(?:/|u00[2-7])")  # a character that a key may hold
_OTHER_ESCAPE: Final = rb"\\(?:u[0-9A-Fa-f]{4}|.)"


class Key:
    """A key that only the service gets to see.

    As ``auth=`` of requests it sets the header itself. That keeps a line in
    ``~/.netrc`` from taking its place.
    """

    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self.origin = origin  #: the place where it was found, for messages
        self._is_short = len(text) < _SHORTEST
        self._as_json = json.dumps(text)[1:-1].encode()
        self._spelled = b"".join(map(_spellings, text))
        self._longest = len(rb"\u0000") * len(text)  # spelling

    def __call__(self, request: "PreparedRequest") -> "PreparedRequest":
        """Put the key into a request."""
        request.headers["Authorization"] = f"Bearer {self._text}"
        return request

    def masked(self, text: str) -> str:
        """Return *text*, to be shown in a message, with the key masked.

        It is masked in upper or lower case. If *text* was cut within the key, the key's
        beginning is masked, with everything up to the next white space.
        """
        if self._is_short:
            pattern = rf"(?<![^\W_]){re.escape(self._text)}(?![^\W_])"
            is_shown = re.search(pattern, text, re.IGNORECASE) is None
            return text if is_shown else _WITHHELD
        whole, beginning = map(re.escape, (self._text, self._text[:_SHORTEST]))
        pattern = f"{whole}|{beginning}[!-~]*"
        return re.sub(pattern, _MASK, text, flags=re.IGNORECASE)

    def removed(self, text: str) -> str:
        """Return *text*, to be kept, with the key masked, unless it is short."""
        return text if self._is_short else text.replace(self._text, _MASK)

    def removed_from_json(self, text: bytes) -> bytes:
        """Return JSON with the key masked in all strings, however it is spelled.

        Everything else is unchanged. As JSON, it is what :meth:`removed` returns for
        each string.
        """
        if not self._may_be_in(text):
            return text
        pattern = re.compile(b"(%b)|%b" % (self._spelled, _OTHER_ESCAPE), re.DOTALL)

        def mask(found: re.Match[bytes]) -> bytes:
            return _MASK.encode() if found[1] else found[0]

        return _STRING.sub(lambda string: pattern.sub(mask, string[0]), text)

    def remove_from_file(self, file: BinaryIO) -> None:
        """Mask the key in a file of JSON, in place.

        The file is read in pieces, and rewritten only if the key seems to be in it.
        """
        file.seek(0)
        before = b""
        for piece in iter(partial(file.read, _PIECE), b""):
            before = before[-self._longest :] + piece
            if self._may_be_in(before):
                file.seek(0)
                text = self.removed_from_json(file.read())
                file.seek(0)
                file.truncate()
                file.write(text)
                break
        file.seek(0)

    def _may_be_in(self, text: bytes) -> bool:
        if self._is_short:
            return False
        if self._as_json in text:
            return True
        return bool(_ESCAPED.search(text) and re.search(self._spelled, text))

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


def _spellings(character: str) -> bytes:
    """Return the pattern of a character of a key in JSON."""
    optional = rb"\\?" if character == "/" else b""
    plain = optional + re.escape(json.dumps(character)[1:-1].encode())
    return rb"(?:%b|\\u00(?i:%02x))" % (plain, ord(character))
