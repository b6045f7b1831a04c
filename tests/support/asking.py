"""Plain requests to a server on loopback."""

import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import attrs

PATIENCE = 60.0  # seconds; nothing here takes more than one
PROMPT = {"prompt": "Well?", "index_ids": ["idx-1"]}
CHAT = "/api/v1/chat"


@attrs.frozen
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]  #: by name in lower case
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        return json.loads(self.body)


def ask(
    url: str,
    method: str,
    target: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Return a server's answer; *body* is a JSON value, or bytes to send as is."""
    given = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request(method, target, given, dict(headers or {}))
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, answer.read())
    finally:
        connection.close()


def events_of(body: bytes) -> list[Any]:
    """Return the events of a complete stream; pings aren't events."""
    frames = body.split(b"\n\n")
    assert frames.pop() == b""
    lines = [each.split(b"\ndata: ") for each in frames if not each.startswith(b":")]
    return [json.loads(data) for _, data in lines]


def connected(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((place.hostname, place.port), timeout=PATIENCE)


def request_bytes(
    method: str, target: str, *headers: str, body: object = None
) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *headers]
    lines = [*head, f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


def received_until(client: socket.socket, end: bytes) -> bytes:
    """Return the bytes received up to *end*, read one at a time."""
    received = bytearray()
    while not received.endswith(end):
        piece = client.recv(1)
        assert piece, bytes(received)
        received += piece
    return bytes(received)


def read_to_end(client: socket.socket) -> tuple[bytes, bool]:
    """Return all bytes received, and whether the connection was reset."""
    pieces = []
    try:
        while piece := client.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        return b"".join(pieces), True
    return b"".join(pieces), False


def exchanged(url: str, *request: str, body: object = None) -> tuple[bytes, bool]:
    """Return all bytes received for one request, and whether it was reset."""
    with connected(url) as client:
        client.sendall(request_bytes(*request, "Connection: close", body=body))
        return read_to_end(client)
