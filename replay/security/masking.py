"""URLs and other text with their secrets masked."""

import re
from collections.abc import Iterable
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
