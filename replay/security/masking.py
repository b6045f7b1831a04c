"""URLs and other text with their secrets masked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

#: A password may have slashes in it, as Amazon's have. Neither the name of a resource
#: of theirs, nor a port, a drive, or a URL after ``zip://INSIDE::`` is one.
_USER: Final = re.compile(
    r"(?<=://)(?!arn:)/{,9}[^/?\s@:]{,999}:(?!:|[0-9]{,9}/)[^?\s@]{,999}@", re.ASCII
)
_QUERY: Final = re.compile(
    r"\?[^\s\"'?]{,9999}?(signature|sig|token|credential|secret|password|key)"
    r"[^\s\"'=&]{,99}=[^\s\"']*",
    re.IGNORECASE,
)
_SHORTEST: Final = 4  # what is shorter is no secret, and stands in many words


def has_secret(url: str) -> bool:
    """Tell whether a URL holds a password or a signed query."""
    return "://" in url and masked(url) != url


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* with passwords and signed queries in URLs masked.

    Args:
        text: What is to be shown.
        secrets: What else is not shown.

    >>> masked("s3://me:word@bucket/a.json?X-Amz-Signature=1f")
    's3://***@bucket/a.json?***'
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    return _QUERY.sub("?***", _USER.sub("***@", text))


def secrets_in(options: object) -> Iterator[str]:
    """Yield all strings in options, since any of them may be a secret."""
    if isinstance(options, str):
        if len(options) >= _SHORTEST:
            yield options
    elif isinstance(options, Mapping | list | tuple):
        values = options.values() if isinstance(options, Mapping) else options
        for each in values:
            yield from secrets_in(each)
