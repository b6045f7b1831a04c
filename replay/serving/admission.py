"""Who is let in."""

import hmac
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import attrs

from replay.hosts import is_loopback

_GUARDED: Final = "/api/"


@attrs.frozen
class Refusal:
    """Why a request is not let in."""

    status: int
    detail: str


@attrs.frozen
class Admission:
    """Lets in who has the key.

    A server of this machine answers to its own names only: a page in a browser could
    else read from it, through a name of its own that leads here.

    Args:
        api_key: The key; None: any will do.
        is_local: Whether only this machine can ask.
    """

    api_key: str | None = attrs.field(repr=False)
    is_local: bool

    def refusal(
        self, path: str, host: str | None, authorization: str | None
    ) -> Refusal | None:
        """Return why a request is not let in; None: it is.

        Args:
            path: What it asks for, as it was sent.
            host: Its header of that name; None: it has none.
            authorization: The same.
        """
        if self.is_local and not is_loopback(_name_in(host or "")):
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This host is not served")
        if self.api_key is None or not path.startswith(_GUARDED):
            return None
        if authorization is None:
            return Refusal(HTTPStatus.UNAUTHORIZED, "Not authenticated")
        expected = f"Bearer {self.api_key}".encode()
        if hmac.compare_digest(authorization.encode("latin-1"), expected):
            return None
        return Refusal(HTTPStatus.UNAUTHORIZED, "Invalid authentication token")


def _name_in(host: str) -> str:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""
