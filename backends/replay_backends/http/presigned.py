"""Downloads from URLs that are secrets, and that may lead where nobody should go."""

import ipaddress
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import requests

from replay.errors import BackendUnavailableError, UnsafeRedirectError
from replay.hosts import is_loopback
from replay_backends.http.asks import Ask
from replay_backends.http.client import check, new_session
from replay_backends.http.deadlines import Deadline
from replay_backends.http.exchange import body_of, send
from replay_backends.http.origins import split
from replay_backends.http.retrying import with_retries

_LOGGERS: Final = ("urllib3.connection", "urllib3.connectionpool")
_HINT: Final = "if you trust it, allow_private_hosts=True"


class Downloads:
    """Downloads without the key, and only from where that is safe.

    Args:
        allows_private: Whether addresses may be private.
        allows_loopback: Whether this machine may be asked, by plain http too.
        retries: How often a download is tried again.
        verify: As for requests.
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

    def get(self, url: str, deadline: Deadline, most: int) -> bytes:
        """Return what is at a URL.

        Args:
            url: A secret: no message, log or error will show it.
            deadline: When it must be there.
            most: Bytes that are allowed.

        Raises:
            BackendError: It is not there, or must not be asked for.
            LimitExceededError: It is longer than *most*.
        """
        parts = split(url, "the URL of a page image")
        source = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
        ask = Ask("GET", url, source, None, self._verify, accept="*/*", is_secret=True)

        def attempt() -> bytes:
            self._check_url(parts.scheme, str(parts.hostname), source)
            response = send(self._session, ask, deadline)
            with closing(response):
                check(response, ask, None, kind="")
                with body_of(response, ask, most, deadline) as body:
                    return body.read()

        with _no_logs():
            return with_retries(attempt, self._retries, deadline)

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()

    def _check_url(self, scheme: str, host: str, source: str) -> None:
        if scheme != "https" and not (self._allows_loopback and is_loopback(host)):
            raise UnsafeRedirectError(source, "a page image is behind plain http")
        proxies = requests.utils.get_environ_proxies(source)
        is_proxied = bool(proxies) and not is_loopback(host)
        flags = socket.AI_NUMERICHOST if is_proxied else 0
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
        except (OSError, ValueError) as error:  # UnicodeError: it is no name at all
            if is_proxied:
                return  # it is a name, and the proxy finds its address
            said = getattr(error, "strerror", None) or "it is no name of a host"
            reason = f"the host of a page image is not found: {said}"
            raise BackendUnavailableError(source, reason) from None
        for *_, place in found:
            self._check_address(str(place[0]))

    def _check_address(self, address: str) -> None:
        """Refuse an address, also after the name has been looked up once more."""
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
    """Drop what urllib3 logs in this thread within the block: it shows the URL."""
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
