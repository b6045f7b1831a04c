"""A client's connection: what comes in, and what becomes of it."""

import json
from collections.abc import Callable

import pytest

from asking import (
    CHAT,
    PROMPT,
    ask,
    connected,
    read_to_end,
    received_until,
    request_bytes,
)
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
SESSION = f"{CHAT}/ses-hello"
STREAM = f"{SESSION}/messages/stream"
ASKED = {**PROMPT, "prompt": "Hello?"}


def test_several_requests_share_a_connection(url: str) -> None:
    request = request_bytes("GET", f"{SESSION}/summary")
    last = request_bytes("GET", f"{SESSION}/summary", "Connection: close")
    with connected(url) as client:
        client.sendall(request)
        client.sendall(request + last)
        received, _ = read_to_end(client)
    assert received.count(b"HTTP/1.1 200 OK") == 3


def test_a_request_may_come_in_pieces_and_chunks(url: str) -> None:
    body = json.dumps(ASKED).encode()
    head = f"POST {STREAM} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    request = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n"
    request += b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with connected(url) as client:
        for byte in request:
            client.sendall(bytes([byte]))
        received, _ = read_to_end(client)
    assert b'"type":"stop"' in received


def test_what_is_no_request_is_400(url: str) -> None:
    with connected(url) as client:
        client.sendall(b"\x16\x03\x01 no request\r\n\r\n")
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("count", [66_000, 200_000])
@pytest.mark.parametrize("line", ["X-Long: {}", "X: a\r\nY: {}", "X-Long: {}\r\nX: a"])
def test_a_long_header_is_431(url: str, count: int, line: str) -> None:
    with connected(url) as client:
        client.sendall(request_bytes("GET", CHAT, line.format("x" * count)))
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 431 ")


def test_many_headers_are_431(url: str) -> None:
    with connected(url) as client:
        client.sendall(request_bytes("GET", CHAT, *["X: a"] * 15_000))
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 431 ")


def test_the_longest_header_is_taken_however_it_comes(url: str) -> None:
    request = request_bytes("GET", CHAT, "Connection: close", f"X: {'x' * 65_000}")
    with connected(url) as client:
        for start in range(0, len(request), 10_000):
            client.sendall(request[start : start + 10_000])
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 200 ")


def test_a_request_of_http_1_0_needs_no_host(url: str) -> None:
    with connected(url) as client:
        client.sendall(f"GET {SESSION} HTTP/1.0\r\n\r\n".encode())
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"}")


def test_a_request_of_http_1_1_needs_a_host(url: str) -> None:
    with connected(url) as client:
        client.sendall(f"GET {SESSION} HTTP/1.1\r\n\r\n".encode())
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 400 ")


def test_a_client_that_waits_to_be_told_to_go_on_is_told(url: str) -> None:
    body = json.dumps(ASKED).encode()
    request = request_bytes("POST", STREAM, "Expect: 100-continue", body=ASKED)
    with connected(url) as client:
        client.sendall(request.removesuffix(body))
        received = received_until(client, b"\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 100 ")
        client.sendall(body)
        while b'"type":"stop"' not in received:
            received += client.recv(1 << 16)


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_a_body_that_is_announced_to_be_too_long_is_413(
    url: str, expect: tuple[str, ...]
) -> None:
    request = request_bytes("POST", CHAT, *expect)
    with connected(url) as client:
        client.sendall(request.replace(b"th: 0", b"th: 16777217"))
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.endswith(b'{"detail":"The body is longer than 16 MiB"}')


def test_a_body_that_turns_out_too_long_is_413_for_who_sends_all(url: str) -> None:
    chunks = b"100000\r\n%s\r\n" % (b"x" * (1 << 20)) * 17 + b"0\r\n\r\n"
    request = request_bytes("POST", CHAT).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    with connected(url) as client:
        client.sendall(request + chunks)
        received, _ = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 413 ")


def test_the_largest_body_is_taken(url: str) -> None:
    body = json.dumps({"more": "x" * ((16 << 20) - 12)}).encode()
    assert len(body) == 16 << 20
    assert ask(url, "POST", CHAT, body).status == 201


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:80", "LOCALHOST"])
def test_a_target_may_name_the_server(url: str, host: str) -> None:
    reply = ask(url, "GET", f"http://{host}{SESSION}", headers={"Host": "x.example"})
    assert (reply.status, reply.json["session_id"]) == (200, "ses-hello")


def test_a_target_that_names_another_server_is_not_served(url: str) -> None:
    reply = ask(url, "GET", f"http://x.example{SESSION}", headers={"Host": "localhost"})
    assert reply.status == 421


def test_a_target_may_lack_a_path(url: str) -> None:
    for target in ("http://localhost", "http://localhost?page=1"):
        assert ask(url, "GET", target).status == 404


@pytest.mark.parametrize("fault", ["gzip", "encodings", "captive-portal", "429"])
def test_no_body_comes_where_none_may(serve: Serve, fault: str) -> None:
    last = request_bytes("HEAD", SESSION, "Connection: close")
    with connected(serve(faults=fault).url) as client:
        client.sendall(request_bytes("HEAD", SESSION) + last)
        received, _ = read_to_end(client)
    first, second, rest = received.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 ")
    assert second.startswith(b"HTTP/1.1 ")
    assert rest == b""


def test_a_body_without_end_is_not_read_to_its_end(url: str) -> None:
    with connected(url) as client:
        client.sendall(request_bytes("GET", CHAT).replace(b"th: 0", b"th: 99999999999"))
        sent = 0
        try:
            while sent < 1 << 30:
                sent += client.send(b"x" * (1 << 20))
        except OSError:
            pass
    assert sent < 1 << 27


def test_a_request_that_takes_too_long_to_come_is_not_waited_for(
    serve: Serve,
) -> None:
    server = serve(request_seconds=0.05)
    for half in (b"", b"GET /", request_bytes("POST", STREAM, body=ASKED)[:-1]):
        with connected(server.url) as client:
            client.sendall(half)
            assert read_to_end(client) == (b"", False)


def test_a_connection_that_is_kept_for_too_long_is_closed(serve: Serve) -> None:
    server = serve(request_seconds=1.0)
    with connected(server.url) as client:
        client.sendall(request_bytes("GET", f"{SESSION}/summary"))
        received, is_reset = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert not is_reset


def test_a_client_that_leaves_early_harms_nobody(serve: Serve) -> None:
    server = serve(speed=0.01)
    with connected(server.url) as client:
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        assert client.recv(1)
    with connected(server.url) as client:
        client.sendall(b"GET /")
    assert ask(server.url, "GET", SESSION).status == 200
