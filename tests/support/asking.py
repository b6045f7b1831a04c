"""Requests to a server on loopback, as plain as they can be."""

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
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]  #: by their names in small letters
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
    """Return what a server answers; *body* is a JSON value, or bytes as they are."""
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
    """Return the events of a stream that came whole; pings are none."""
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
    """Return what comes, up to a piece that ends in *end*; a byte at a time."""
    received = bytearray()
    while not received.endswith(end):
        piece = client.recv(1)
        assert piece, bytes(received)
        received += piece
    return bytes(received)


def read_to_end(client: socket.socket) -> tuple[bytes, bool]:
    """Return all that comes, and whether the connection was broken off."""
    pieces = []
    try:
        while piece := client.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        return b"".join(pieces), True
    return b"".join(pieces), False


def exchanged(url: str, *request: str, body: object = None) -> tuple[bytes, bool]:
    """Return all bytes that come for one request, and whether it was broken off."""
    with connected(url) as client:
        client.sendall(request_bytes(*request, "Connection: close", body=body))
        return read_to_end(client)
