"""What a client asks, whole."""

import re
from typing import Final

import attrs

from replay.serving.answers import Headers

_ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)


@attrs.frozen
class ClientRequest:
    """A request, whole."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header by its name in small letters; None: it is not there.

        Of several that bear the name, the first counts.
        """
        values = (value for each, value in self.headers if each == name.encode())
        first = next(values, None)
        return None if first is None else first.decode("latin-1")

    @property
    def path(self) -> str:
        """Return the target without its query, as it was sent."""
        return self.target.partition(b"?")[0].decode("latin-1")


class RefusedRequestError(Exception):
    """A request that cannot be taken.

    Args:
        status: Of the answer.
        detail: What the answer says.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail


def addressed(target: bytes, headers: Headers, here: bytes) -> tuple[bytes, Headers]:
    """Return a request's target as a path, and its headers, of which one is ``Host``.

    Args:
        target: As it was sent: a path, or a URL, whose host comes before the header.
        headers: As they were sent; those of HTTP/1.0 may lack ``Host``.
        here: The address at which the request came in.
    """
    others = [each for each in headers if each[0] != b"host"]
    if match := _ABSOLUTE.fullmatch(target):
        host, rest = match.groups()
        path = rest if rest.startswith(b"/") else b"/" + rest
        return path, [(b"host", host), *others]
    if len(others) < len(headers):
        return target, headers
    return target, [(b"host", here), *others]
