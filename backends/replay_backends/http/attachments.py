"""Page images, each behind a URL that the service gives and that soon expires."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import attrs

from replay.errors import BackendError, DecodeError, PermissionDeniedError
from replay.events import ImageAttachment
from replay.hosts import is_loopback
from replay.json_text import parse
from replay_backends.http.client import Client
from replay_backends.http.deadlines import Deadline
from replay_backends.http.origins import one_step
from replay_backends.http.presigned import Downloads

_PATH: Final = "/beta/attachments"
_MARGIN: Final = 30.0  # seconds before its end in which a URL is not used any more


@attrs.frozen
class _Presigned:
    url: str = attrs.field(repr=False)
    expires_at: float  #: seconds since the epoch


class Attachments:
    """Fetches images; keeps their URLs while they last, in memory alone.

    Args:
        client: Whom to ask for the URLs.
        allow_private_hosts: Whether these may lead to private addresses. To this
            machine they may lead where the service itself is there.
    """

    def __init__(self, client: Client, *, allow_private_hosts: bool) -> None:
        self._client = client
        self._known: dict[tuple[str, str], _Presigned] = {}
        self._downloads = Downloads(
            allows_private=allow_private_hosts,
            allows_loopback=is_loopback(str(urlsplit(client.base).hostname)),
            retries=client.retries,
            verify=client.verify,
        )

    def image(self, image: ImageAttachment) -> bytes:
        """Return an image.

        Raises:
            BackendError: There is none, or it cannot be had.
            LimitExceededError: It is too long.
        """
        deadline = Deadline(self._client.timeout, f"{self._client.base}{_PATH}")
        key = (image.source_id, image.attachment_name)
        known = self._known.get(key)
        if known and time.time() < known.expires_at - _MARGIN:
            with suppress(PermissionDeniedError):  # it may have ended before its time
                return self._downloaded(known, deadline)
        known = self._known[key] = self._resolved(image, deadline)
        return self._downloaded(known, deadline)

    def close(self) -> None:
        """Let go of all connections, and forget the URLs."""
        self._downloads.close()
        self._known.clear()

    def _resolved(self, image: ImageAttachment, deadline: Deadline) -> _Presigned:
        name = one_step(image.attachment_name)
        if name is None:
            reason = f"there is no page image {image.attachment_name!a}"
            raise BackendError(self._client.base, reason)
        params = {"source_id": image.source_id}
        path = f"{_PATH}/{name}"
        return self._client.get(path, _read, params=params, deadline=deadline)

    def _downloaded(self, presigned: _Presigned, deadline: Deadline) -> bytes:
        return self._downloads.get(presigned.url, deadline, self._client.most)


def _read(body: BinaryIO) -> _Presigned:
    value = parse(body.read()).value
    match value:
        case {"url": str(url), "expires_at": str(text)}:
            return _Presigned(url, _seconds(text))
    raise DecodeError(where="$", reason="expected an object with url and expires_at")


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0.0  # it is used once, and never kept for another time
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
