"""Page images, each at a short-lived URL from the service."""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import attrs
import requests

from replay import ImageAttachment
from replay.authoring import is_loopback, parse_json
from replay.errors import (
    BackendError,
    BackendUnavailableError,
    DecodeError,
    PermissionDeniedError,
    UnsafeRedirectError,
)
from replay_backends.http.client import (
    Client,
    new_session,
    raise_for_refusal,
    send,
    spool_body,
)
from replay_backends.http.errors import without_frames
from replay_backends.http.request import Request, path_segment, split
from replay_backends.http.retries import with_retries
from replay_backends.http.transport import Deadline

_LOGGERS: Final = ("urllib3.connection", "urllib3.connectionpool")
_HINT: Final = "if you trust it: in Python, allow_private_hosts=True"
_PATH: Final = "/beta/attachments"
_MARGIN: Final = 30.0  # seconds before its expiry in which a URL isn't used


@attrs.frozen
class _Presigned:
    url: str = attrs.field(repr=False)
    expires_at: float  #: seconds since the epoch


class Attachments:
    """A fetcher of page images, which keeps their URLs until expiry, only in memory.

    Args:
        client: Fetches the URLs.
        allow_private_hosts: Whether the URLs may lead to private addresses. They may
            lead to this machine if the service itself is here.
    """

    def __init__(self, client: Client, *, allow_private_hosts: bool) -> None:
        self._client = client
        self._known: dict[tuple[str, str], _Presigned] = {}
        self._downloads = _Downloads(
            allows_private=allow_private_hosts,
            allows_loopback=is_loopback(str(urlsplit(client.base).hostname)),
            retries=client.retries,
            verify=client.verify,
        )

    @without_frames
    def image(self, image: ImageAttachment) -> bytes:
        """Return an image.

        Raises:
            BackendError: There is none, or it cannot be fetched.
            LimitExceededError: It is too long.
        """
        deadline = Deadline(self._client.timeout, f"{self._client.base}{_PATH}")
        key = (image.source_id, image.attachment_name)
        known = self._known.get(key)
        if known and time.time() < known.expires_at - _MARGIN:
            with suppress(PermissionDeniedError):  # the URL may have expired early
                return self._downloaded(known, deadline)
        known = self._known[key] = self._resolved(image, deadline)
        return self._downloaded(known, deadline)

    def close(self) -> None:
        """Close all connections, and forget the URLs."""
        self._downloads.close()
        self._known.clear()

    def _resolved(self, image: ImageAttachment, deadline: Deadline) -> _Presigned:
        name = path_segment(image.attachment_name)
        if name is None:
            reason = f"there is no page image {image.attachment_name!a}"
            raise BackendError(self._client.base, reason)
        params = {"source_id": image.source_id}
        path = f"{_PATH}/{name}"
        return self._client.get(path, _read, params=params, deadline=deadline)

    def _downloaded(self, presigned: _Presigned, deadline: Deadline) -> bytes:
        return self._downloads.get(presigned.url, deadline, self._client.max_bytes)


def _read(body: BinaryIO) -> _Presigned:
    value = parse_json(body.read()).value
    match value:
        case {"url": str(url), "expires_at": str(text)}:
            return _Presigned(url, _seconds(text))
    raise DecodeError(where="$", reason="expected an object with url and expires_at")


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0.0  # it is used once, and never again
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class _Downloads:
    """A downloader that never sends the key, and only uses safe addresses.

    *allows_loopback*: this machine is allowed, by plain http too.
    """

    def __init__(
        self,
        *,
        allows_private: bool,
        allows_loopback: bool,
        retries: int,
        verify: bool | str,
    ) -> None:
        self._allows_private = allows_private
        self._allows_loopback = allows_loopback
        self._retries = retries
        self._verify = verify
        self._session = new_session(1, self._check_address)

    def get(self, url: str, deadline: Deadline, max_bytes: int) -> bytes:
        """Return the data at a URL.

        Args:
            url: A secret: no message, log or error will show it.
            deadline: The deadline of the download.
            max_bytes: Maximum number of bytes.

        Raises:
            BackendError: It cannot be fetched, or the URL isn't allowed.
            LimitExceededError: It is longer than *max_bytes*.
        """
        parts = split(url, "the URL of a page image")
        source = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
        request = Request(
            "GET", url, source, None, self._verify, accept="*/*", is_secret=True
        )

        def attempt() -> bytes:
            self._check_url(parts.scheme, str(parts.hostname), source)
            response = send(self._session, request, deadline)
            with closing(response):
                raise_for_refusal(response, request, None, kind="")
                with spool_body(response, request, max_bytes, deadline) as body:
                    return body.read()

        with _no_logs():
            return with_retries(attempt, self._retries, deadline)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _check_url(self, scheme: str, host: str, source: str) -> None:
        if scheme != "https" and not (self._allows_loopback and is_loopback(host)):
            raise UnsafeRedirectError(source, "a page image is behind plain http")
        proxies = requests.utils.get_environ_proxies(source)
        is_proxied = bool(proxies) and not is_loopback(host)
        flags = socket.AI_NUMERICHOST if is_proxied else 0
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
        except (OSError, ValueError) as error:  # UnicodeError: not even a name
            if is_proxied:
                return  # it is a name, which the proxy looks up
            said = getattr(error, "strerror", None) or "it isn't a host name"
            reason = f"the host of a page image is not found: {said}"
            raise BackendUnavailableError(source, reason) from None
        for *_, place in found:
            self._check_address(str(place[0]))

    def _check_address(self, address: str) -> None:
        """Refuse an address that isn't allowed, also one from a second lookup."""
        ip = ipaddress.ip_address(address)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        is_allowed = ip.is_global and not ip.is_multicast
        if (
            is_allowed
            or self._allows_private
            or (self._allows_loopback and ip.is_loopback)
        ):
            return
        reason = "a page image is at an address that is not public"
        raise UnsafeRedirectError(address, reason, _HINT)


@contextmanager
def _no_logs() -> Iterator[None]:
    """Drop urllib3's logs of this thread within the block: they show the URL."""
    here = threading.get_ident()

    def is_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(is_elsewhere)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_elsewhere)
