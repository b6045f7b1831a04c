"""Connections whose timeout covers a whole answer.

A socket's own timeout restarts with every byte: a server that sends one byte every
250 ms, in the headers or in the body, never exceeds it. Here, each wait for a byte gets
only the time that is left.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, SSLError
from urllib3.response import GzipDecoderState, HTTPResponse
from urllib3.util.connection import allowed_gai_family

from replay.errors import DeadlineExceededError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LONGEST_HEAD: Final = 1 << 20  # bytes of status lines and headers, also of 1xx answers
_PROTOCOL: Final = b"HTTP/"  # how an answer begins
#: The statuses of answers before the final one; only a request for another protocol is
#: answered with 101.
_INTERIM: Final = frozenset({100, *range(102, 200)})


class Deadline:
    """A fixed point in time by which a call must end.

    Args:
        seconds: Time from now.
        source: The name in messages of what is waited for.
    """

    def __init__(self, seconds: float, source: str) -> None:
        self.seconds = seconds
        self._source = source
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; zero or less if it has passed."""
        return self._end - time.monotonic()

    def remaining_timeout(self) -> float:
        """Return the seconds left, above zero.

        Raises:
            DeadlineExceededError: No time is left.
        """
        left = self.remaining()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineExceededError:
        """Return the error for a deadline that has passed."""
        reason = f"no complete answer within {self.seconds:g} seconds"
        return DeadlineExceededError(self._source, reason, "in Python, raise timeout=")


class Cancellation:
    """A switch that ends all waits on the sockets it watches, once and for good."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._watched: WeakSet[socket.socket] = WeakSet()

    @property
    def is_cancelled(self) -> bool:
        """Tell whether it has been cancelled."""
        return self._event.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait for some seconds.

        Raises:
            CancelledError: It was cancelled before or meanwhile.
        """
        if self._event.wait(seconds):
            raise CancelledError

    def watch(self, sock: socket.socket) -> None:
        """Watch a socket, too."""
        within_tls = getattr(sock, "socket", sock)  # if a proxy is reached by TLS
        with self._lock:
            self._watched.add(within_tls)
        if self.is_cancelled:
            _shut_down(within_tls)

    def cancel(self) -> None:
        """End all waits; calling it twice is harmless."""
        self._event.set()
        with self._lock:
            watched = [*self._watched]
        for sock in watched:
            _shut_down(sock)


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # it is closed or no longer connected
        # Not the TLS socket's own method: another thread may be using that socket.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class HandshakeError(ssl.SSLError):
    """A failed TLS handshake, so nothing was sent through the connection."""


class TruncatedAnswerError(ConnectionError):
    """A connection that ended within the head of an answer, or within packed data."""


def read_piece(response: HTTPResponse, size: int) -> bytes:
    """Return the next decoded bytes of a body, at most *size*; none at its end.

    Raises:
        TruncatedAnswerError: It lacks the end that its encoding requires.
    """
    try:
        piece = response.read1(size, decode_content=True)
    except DecodeError as error:
        if error.__cause__ or not _is_unfinished(response):
            raise
        piece = b""  # that of zstd is the only one that urllib3 misses, too
    if not piece and _is_unfinished(response):
        message = "its compressed data is incomplete"
        raise TruncatedAnswerError(message)
    return piece


def _is_unfinished(response: HTTPResponse) -> bool:
    decoder = response._decoder  # noqa: SLF001 - nothing public tells
    for each in getattr(decoder, "_decoders", [decoder]):
        is_ended = getattr(getattr(each, "_obj", None), "eof", True)
        is_past_end = getattr(each, "_state", None) == GzipDecoderState.SWALLOW_DATA
        if not (is_ended or is_past_end):
            return True
    return False


class TimedAdapter(HTTPAdapter):
    """An adapter that makes requests use such connections.

    Args:
        max_connections: Maximum number of connections to keep for reuse.
        check_peer: Called with the address that a connection leads to, before any
            HTTP is sent; raises if that address isn't allowed. It isn't called if a
            proxy is used: only the proxy knows the address.
        cancellation: Ends waits for an answer; None: nothing does.
    """

    def __init__(
        self,
        max_connections: int,
        check_peer: Callable[[str], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> None:
        self._classes = _pool_classes(check_peer, cancellation)
        super().__init__(pool_maxsize=max_connections)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as requests declares it
        """Make the manager of direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._classes

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as requests declares it
        """Return the manager of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = self._classes
        return manager


class TimedConnection(HTTPConnection):
    """A connection that limits the time to open it, then the time of each answer."""

    check_peer: Callable[[str], None] | None = None
    cancellation: Cancellation | None = None
    _end = 0.0
    _opening: ExitStack  #: until the connection is open

    def connect(self) -> None:
        """Open the connection."""
        self.set_time_limit(float(self.timeout or 0))
        with ExitStack() as self._opening:
            try:
                super().connect()
            except (ssl.SSLError, SSLError) as error:
                raise HandshakeError(*error.args) from error
        if self.cancellation:
            self.cancellation.watch(self.sock)
        if self.check_peer and not self.proxy:
            self.check_peer(self.sock.getpeername()[0])

    def _new_conn(self) -> socket.socket:
        """Return a socket that can be cancelled during its handshake, too.

        Until a TLS handshake is done, the socket itself has no file descriptor.
        """
        sock = self._connect_to_any_address()
        if self.cancellation:
            self.cancellation.watch(self._opening.enter_context(sock.dup()))
        return sock

    def _connect_to_any_address(self) -> socket.socket:
        """Try one address after the other, all within one timeout.

        urllib3 would give each address the whole timeout.
        """
        host, timeout = self._dns_host, self.timeout
        try:
            *others, last = _addresses(host, self.port)
        except (OSError, UnicodeError):
            return super()._new_conn()  # which reports the bad name
        self.set_time_limit(float(timeout or 0))
        try:
            for number, self._dns_host in enumerate(others):
                self.timeout = self.remaining_timeout() / (len(others) + 1 - number)
                with suppress(HTTPError):
                    return super()._new_conn()
            self._dns_host, self.timeout = last, self.remaining_timeout()
            return super()._new_conn()
        finally:
            self._dns_host, self.timeout = host, timeout

    def getresponse(self) -> Any:  # noqa: ANN401 - urllib3's response
        """Return the answer when its headers have arrived."""
        self.set_time_limit(float(self.timeout or 0))
        return super().getresponse()

    def set_time_limit(self, seconds: float) -> None:
        """Allow *seconds* in total for everything read from now on."""
        self._end = time.monotonic() + seconds

    def remaining_timeout(self) -> float:
        """Return the seconds left.

        Raises:
            TimeoutError: No time is left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def response_class(  # type: ignore[override]  # a class, but it need not be one
        self, sock: socket.socket, *, method: str | None = None
    ) -> "_Response":
        """Return a reader of an answer from the connection's socket."""
        return _Response(self, sock, method)


class _TimedTLSConnection(TimedConnection, HTTPSConnection):
    pass


def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host, at least one."""
    name = host.strip("[]")
    family = allowed_gai_family()  # without IPv6, only IPv4
    found = socket.getaddrinfo(name, port, family, socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


def _pool_classes(
    check_peer: Callable[[str], None] | None, cancellation: Cancellation | None
) -> dict[str, Any]:
    check = None if check_peer is None else staticmethod(check_peer)
    shared = {"check_peer": check, "cancellation": cancellation}
    plain = type("Connection", (TimedConnection,), shared)
    secure = type("Connection", (_TimedTLSConnection,), shared)
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


class _Response(http.client.HTTPResponse):
    def __init__(
        self, connection: TimedConnection, sock: socket.socket, method: str | None
    ) -> None:
        super().__init__(sock, method=method)
        self._timed = _TimedReader(connection, sock, self.fp.detach())
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read the head of the final answer; those of interim answers come before."""
        self._timed.budget = _LONGEST_HEAD
        super().begin()
        while self.status in _INTERIM:
            self.headers = None  # type: ignore[assignment]  # or else nothing is read
            super().begin()
        self._timed.budget = None


class _TimedReader(io.RawIOBase):
    """A reader of a socket that respects its connection's time limit."""

    def __init__(
        self, connection: TimedConnection, sock: socket.socket, raw: io.RawIOBase
    ) -> None:
        self._connection = connection
        self._sock = sock
        self._raw = raw
        self._beginning = b""  # of what was read, as long as the protocol's name
        self.budget: int | None = None  #: bytes of a head that may be read; None: any

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        self._sock.settimeout(self._connection.remaining_timeout())
        if self.budget is None:
            return self._raw.readinto(buffer) or 0
        return self._read_head(buffer, self.budget)

    def _read_head(self, buffer: "WriteableBuffer", budget: int) -> int:
        has_begun = self._beginning and _PROTOCOL.startswith(self._beginning)
        try:
            count = self._raw.readinto(buffer) or 0
        except (ConnectionError, ssl.SSLEOFError):
            if not has_begun:
                raise
            count = 0
        if has_begun and not count:
            message = "its headers are incomplete"
            raise TruncatedAnswerError(message)
        missing = len(_PROTOCOL) - len(self._beginning)
        self._beginning += bytes(memoryview(buffer)[: min(count, missing)])
        self.budget = budget - count
        if self.budget < 0:
            message = f"more than {_LONGEST_HEAD} bytes of headers"
            raise http.client.HTTPException(message)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
