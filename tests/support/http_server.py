"""A real local server that sends exactly the bytes that a test asks for."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import attrs
import trustme

import replay

PATIENCE = 60.0  # seconds until a waiting test fails
KEY = "llx-CANARY0123456789abcdef"


@attrs.frozen
class Request:
    """A client's request."""

    method: str
    target: str  #: path and query
    headers: dict[str, str]  #: by name in lower case
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Handler = Callable[[Request, socket.socket], object]


def head(status: int = 200, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Status", *headers, "", ""]).encode()


def answer(
    body: bytes = b"", status: int = 200, *headers: str, close: bool = True
) -> bytes:
    more = [f"Content-Length: {len(body)}"]
    if "content-type" not in str(headers).lower():
        more.append("Content-Type: application/json")
    if close:
        more.append("Connection: close")
    return head(status, *headers, *more) + body


def json_answer(
    value: object, status: int = 200, *headers: str, close: bool = True
) -> bytes:
    return answer(json.dumps(value).encode(), status, *headers, close=close)


def always(*data: bytes) -> Handler:
    def handler(_: Request, connection: socket.socket) -> None:
        for piece in data:
            connection.sendall(piece)

    return handler


def reset(data: bytes) -> Handler:
    """Return a handler that sends *data*, then resets the connection."""

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(data)
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()

    return handler


def in_turn(*answers: bytes) -> Handler:
    """Return a handler that sends *answers* in turn, and repeats the last."""
    waiting = list(answers)

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return handler


class Server:
    """A server that answers requests on its own port until it is stopped.

    If a handler returns True, the connection is kept for the next request.
    """

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self.received = bytearray()  #: every byte of all requests, in any order
        self.connections = 0
        self.stopping = threading.Event()
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://localhost:{self.port}"

    def refuse(self) -> None:
        """Accept no more connections; open ones stay open."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def stop(self) -> None:
        """Close everything, and wait for its threads."""
        self.stopping.set()
        for each in (self._socket, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _start(self, target: Callable[..., object], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while request := self._read(stream.readline, stream.read):
                    if self.handler(request, connection) is not True:
                        return

    def _read(
        self, readline: Callable[[], bytes], read: Callable[[int], bytes]
    ) -> Request | None:
        lines = []
        while (line := readline()) not in (b"", b"\r\n"):
            self.received += line
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        if not lines:
            return None
        headers = {
            name.lower(): value.strip()
            for name, _, value in (each.partition(":") for each in lines[1:])
        }
        body = read(int(headers.get("content-length", 0)))
        self.received += body
        method, target, _ = lines[0].split(" ")
        request = Request(method, target, headers, body)
        self.requests.append(request)
        return request


def secure(
    authority: trustme.CA, host: str = "localhost", **options: object
) -> ssl.SSLContext:
    """Return the TLS context of a server that has a certificate for *host*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **options).configure_cert(context)  # type: ignore[arg-type]  # as its tests give them
    return context


@contextmanager
def serving(
    handler: Handler, context: ssl.SSLContext | None = None
) -> Iterator[Server]:
    server = Server(handler, context)
    try:
        yield server
    finally:
        server.stop()


@attrs.frozen
class Web:
    """Local servers, and the sources that are opened at them."""

    _undo: ExitStack

    def serve(self, handler: Handler, context: ssl.SSLContext | None = None) -> Server:
        return self._undo.enter_context(serving(handler, context))

    def source(self, server: Handler | Server, **options: object) -> replay.Source:
        """Open a source at a server, or at a new server with a handler."""
        if not isinstance(server, Server):
            server = self.serve(server)
        given: dict[str, object] = {"api_key": KEY, "timeout": 10.0, **options}
        return self._undo.enter_context(replay.open(server.url, **given))
