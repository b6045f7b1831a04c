"""URLs and other text with their secrets masked."""

import re
from collections.abc import Iterable
from typing import Final

#: A password may contain slashes, as Amazon's do. An Amazon resource name, a port, a
#: drive, or a URL after ``zip://INSIDE::`` isn't a password.
_USER: Final = re.compile(
    r"(?<=://)(?!arn:)/{,9}[^/?\s@:]{,999}:(?!:|[0-9]{,9}/)[^?\s@]{,999}@", re.ASCII
)
_QUERY: Final = re.compile(
    r"\?[^\s\"'?]{,9999}?(signature|sig|token|credential|secret|password|key)"
    r"[^\s\"'=&]{,99}=[^\s\"']*",
    re.IGNORECASE,
)
_ENDS: Final = " \t\n\"',;"  # of words and quoted texts
_LONGEST_SECRET: Final = 2000  # characters, of a word


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* with passwords and signed queries in URLs masked.

    Args:
        text: The text to show.
        secrets: Other strings to mask.

    >>> masked("s3://me:word@bucket/a.json?X-Amz-Signature=1f")
    's3://***@bucket/a.json?***'
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    return _QUERY.sub("?***", _USER.sub("***@", text))


def excerpt(text: str, longest: int) -> str:
    """Return the beginning of *text*, at most *longest* characters.

    It ends where a word or a quoted text ends, unless that is very long: a piece of a
    secret could not be recognized, and would stay when the rest is redacted.

    >>> excerpt("the key is abc123", 14)
    'the key is'
    """
    if len(text) <= longest:
        return text
    first = max(0, longest - _LONGEST_SECRET)
    end = max(text.rfind(each, first, longest + 1) for each in _ENDS)
    return text[: end if end > 0 else longest]
