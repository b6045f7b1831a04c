"""Client connections: requests, answers, and the limit on their number."""

import asyncio
import gc
import json
import select
import socket
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress

import anyio
import pytest
from starlette.types import ASGIApp

from asking import (
    CHAT,
    PATIENCE,
    ask,
    connected,
    read_to_end,
    received_until,
    request_bytes,
)
from replay.testing.server.connections import (
    Answer,
    ClientRequest,
    Headers,
    body_from,
    phrase_of,
    with_host,
)
from replay.testing.server.faults import Fault, FaultQueue
from replay.testing.server.request_handler import RequestHandler
from replay.testing.server.request_log import RequestLog
from replay.testing.server.server import Clients, most_clients
from replay.testing.server.settings import ServerSettings
from serving_process import ASKED, SESSION, STREAM, Serve

HERE = b"127.0.0.1:80"
HOST = (b"host", b"localhost")
OTHER = (b"accept", b"*/*")
REQUEST = request_bytes("GET", "/", "Connection: close")


def received(url: str, *data: bytes) -> bytes:
    """Return all bytes received in answer to the bytes sent."""
    with connected(url) as client:
        for each in data:
            client.sendall(each)
        return read_to_end(client)[0]


def test_several_requests_share_a_connection(url: str) -> None:
    request = request_bytes("GET", f"{SESSION}/summary")
    last = request_bytes("GET", f"{SESSION}/summary", "Connection: close")
    assert received(url, request, request + last).count(b"HTTP/1.1 200 OK") == 3


def test_a_request_may_come_in_pieces_and_chunks(url: str) -> None:
    body = json.dumps(ASKED).encode()
    head = f"POST {STREAM} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    request = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n"
    request += b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert b'"type":"stop"' in received(url, *(bytes([byte]) for byte in request))


def test_a_request_of_http_1_0_needs_no_host(url: str) -> None:
    answer = received(url, f"GET {SESSION} HTTP/1.0\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"}")


@pytest.mark.parametrize(
    ("status", "request_line", "headers"),
    [
        (400, "\x16\x03\x01 no request", []),
        (400, f"GET {SESSION} HTTP/1.1", []),  # lacks a host
        *(
            (431, "GET / HTTP/1.1", [f"X: {'x' * count}"])
            for count in (66_000, 200_000)
        ),
        (431, "GET / HTTP/1.1", ["X: a", f"Y: {'x' * 66_000}"]),
        (431, "GET / HTTP/1.1", [f"X: {'x' * 66_000}", "Y: a"]),
        (431, "GET / HTTP/1.1", ["X: a"] * 15_000),
        (413, "POST / HTTP/1.1", ["Content-Length: 16777217"]),
        (413, "POST / HTTP/1.1", ["Content-Length: 16777217", "Expect: 100-continue"]),
    ],
    ids=range(9),
)
def test_what_cannot_be_taken_is_refused(
    url: str, status: int, request_line: str, headers: list[str]
) -> None:
    host = ["Host: localhost"] if status != 400 else []
    lines = [request_line, *host, *headers, "", ""]
    answer = received(url, "\r\n".join(lines).encode())
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert status != 413 or answer.endswith(b'"The body is longer than 16 MiB"}')


@pytest.mark.parametrize("order", [1, -1])
def test_a_request_with_two_lengths_is_refused_with_all_that_follows(
    serve: Serve, order: int
) -> None:
    server = serve()
    lengths = ["Content-Length: 5", "Transfer-Encoding: chunked"][::order]
    lines = [f"POST {CHAT} HTTP/1.1", "Host: localhost", *lengths, "", "0", "", ""]
    hidden = request_bytes("POST", CHAT)
    answer = received(server.url, "\r\n".join(lines).encode() + hidden)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1") == 1
    assert not server.requests


def test_the_longest_header_is_taken_however_it_comes(url: str) -> None:
    request = request_bytes("GET", CHAT, "Connection: close", f"X: {'x' * 65_000}")
    parts = (request[start : start + 10_000] for start in range(0, 70_000, 10_000))
    assert received(url, *parts).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_waits_to_be_told_to_go_on_is_told(url: str) -> None:
    body = json.dumps(ASKED).encode()
    request = request_bytes("POST", STREAM, "Expect: 100-continue", body=ASKED)
    with connected(url) as client:
        client.sendall(request.removesuffix(body))
        assert received_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        client.sendall(body)
        assert received_until(client, b'"type":"stop"')


def test_a_body_that_turns_out_too_long_is_413_for_who_sends_all(url: str) -> None:
    chunks = b"100000\r\n%s\r\n" % (b"x" * (1 << 20)) * 17 + b"0\r\n\r\n"
    request = request_bytes("POST", CHAT).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    assert received(url, request + chunks).startswith(b"HTTP/1.1 413 ")


def half_sent(client: socket.socket) -> None:
    """Send 15 MiB of a body of 16 MiB."""
    head = request_bytes("POST", CHAT).replace(b"th: 0", b"th: %d" % (16 << 20))
    client.sendall(head)
    client.sendall(bytes(15 << 20))


@pytest.fixture
def _traced() -> Iterator[None]:
    """Trace the memory that is used, without garbage collections."""
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


@pytest.mark.usefixtures("_traced")
def test_bodies_take_64_mib_together_and_none_when_their_clients_have_gone(
    url: str,
) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(url)) for _ in range(5)]
        for each in clients:
            with suppress(OSError):  # one is refused, perhaps before it has sent all
                half_sent(each)
        (refused,), _, _ = select.select(clients, [], [], PATIENCE)
        assert refused.recv(13) == b"HTTP/1.1 503 "
        clients.remove(refused)
        assert ask(url, "POST", CHAT, b" " * (1 << 16) + b"{}").status == 201
        for each in clients:
            each.shutdown(socket.SHUT_WR)
            assert read_to_end(each)[0].startswith(b"HTTP/1.1 400 ")
    used, most = tracemalloc.get_traced_memory()
    assert most < 110 << 20
    assert used < 10 << 20


@pytest.mark.usefixtures("_traced")
def test_a_client_that_stays_holds_no_body_that_was_answered(url: str) -> None:
    request = request_bytes("POST", CHAT, body={"more": "x" * (15 << 20)})
    with ExitStack() as stack:
        for _ in range(5):
            client = stack.enter_context(connected(url))
            client.sendall(request)
            assert received_until(client, b"}").startswith(b"HTTP/1.1 201 ")
        last = ask(url, "GET", SESSION)  # by then, the others are waiting again
        used, _ = tracemalloc.get_traced_memory()
    assert last.status == 200
    assert used < 60 << 20  # with 15 MiB here, and 5 in the log


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


def test_the_largest_body_is_taken(url: str) -> None:
    body = json.dumps({"more": "x" * ((16 << 20) - 12)}).encode()
    assert len(body) == 16 << 20
    assert ask(url, "POST", CHAT, body).status == 201


@pytest.mark.parametrize("fault", ["", "gzip", "encodings", "captive-portal", "429"])
def test_no_body_comes_where_none_may(serve: Serve, fault: str) -> None:
    last = request_bytes("HEAD", SESSION, "Connection: close")
    answers = received(serve(faults=fault).url, request_bytes("HEAD", SESSION), last)
    first, second, rest = answers.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 ")
    assert second.startswith(b"HTTP/1.1 ")
    assert rest == b""


def test_a_request_that_takes_too_long_to_come_is_not_waited_for(serve: Serve) -> None:
    server = serve(request_seconds=0.05)
    for half in (b"", b"GET /", request_bytes("POST", STREAM, body=ASKED)[:-1]):
        assert received(server.url, half) == b""


def test_a_connection_that_is_kept_for_too_long_is_closed(serve: Serve) -> None:
    with connected(serve(request_seconds=1.0).url) as client:
        client.sendall(request_bytes("GET", f"{SESSION}/summary"))
        answer, is_reset = read_to_end(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not is_reset


def test_a_client_that_leaves_early_harms_nobody(serve: Serve) -> None:
    server = serve(speed=0.01)
    with connected(server.url) as client:
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        assert client.recv(1)
    with connected(server.url) as client:
        client.sendall(b"GET /")
    assert ask(server.url, "GET", SESSION).status == 200


def test_a_target_may_be_a_url_of_this_server(url: str) -> None:
    for host in ("127.0.0.1", "localhost:80", "LOCALHOST"):
        headers = {"Host": "x.example"}
        reply = ask(url, "GET", f"http://{host}{SESSION}", headers=headers)
        assert (reply.status, reply.json["session_id"]) == (200, "ses-hello")
    for target in ("http://localhost", "http://localhost?page=1"):
        assert ask(url, "GET", target).status == 404
    assert ask(url, "GET", f"http://x.example{SESSION}").status == 421


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        (b"http://a:1/b?c", [HOST, OTHER], (b"/b?c", [(b"host", b"a:1"), OTHER])),
        (b"HTTPS://a:1", [OTHER], (b"/", [(b"host", b"a:1"), OTHER])),
        (b"http://a:1?c", [HOST], (b"/?c", [(b"host", b"a:1")])),
        (b"http://a:1/http://b/c", [], (b"/http://b/c", [(b"host", b"a:1")])),
        (b"/a", [OTHER], (b"/a", [(b"host", HERE), OTHER])),
        *(
            (target, [OTHER, HOST], (target, [OTHER, HOST]))
            for target in (b"/a", b"*", b"a:1", b"ftp://a/b", b"/http://a/b")
        ),
    ],
)
def test_a_target_is_a_path_and_a_host(
    target: bytes, headers: Headers, expected: object
) -> None:
    assert with_host(target, headers, HERE) == expected


def test_of_two_headers_of_a_name_the_first_counts() -> None:
    headers = [(b"x-a", b"1"), (b"x-a", b"2")]
    request = ClientRequest(b"GET", b"/a%2Fb?c?d", headers, b"")
    assert (request.header("x-a"), request.header("x-b")) == ("1", None)
    assert request.path == "/a%2Fb"


def test_an_answer_before_it_goes_over_the_wire() -> None:
    headers = [(b"content-length", b"2"), (b"x-a", b"1")]
    answer = Answer(404, headers, body_from(b"a", b"b")).with_headers((b"x-b", b"2"))
    assert answer.raw_head((b"content-length", b"7")) == (
        b"HTTP/1.1 404 Not Found\r\nx-a: 1\r\nx-b: 2\r\ncontent-length: 7\r\n\r\n"
    )
    assert anyio.run(answer.whole_body) == b"ab"
    assert phrase_of(599) == "Unknown"


async def no_app(*_: object) -> None:
    """End without an answer."""


@asynccontextmanager
async def room_for(
    most: int,
    idle_seconds: float,
    *faults: Fault,
    app: ASGIApp = no_app,
    listening: socket.socket | None = None,
) -> AsyncIterator[int]:
    """Yield the port of a server that answers with faults, or asks an application."""
    handler = RequestHandler(app, ServerSettings(), FaultQueue(faults), RequestLog())
    clients = Clients(handler, PATIENCE, most, idle_seconds)
    with listening or socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0)
        accepting = asyncio.create_task(clients.accept_from(door))
        async with asyncio.timeout(PATIENCE):
            yield door.getsockname()[1]
        accepting.cancel()
        await clients.drop()


async def answer_to(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bytes:
    """Return the start of the answer to one more request; empty if turned away."""
    try:
        writer.write(REQUEST)
        return (await reader.read())[:13]
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def answer_at(port: int) -> bytes:
    """Return the same for a new client."""
    return await answer_to(*await asyncio.open_connection("127.0.0.1", port))


async def come(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the connection of a known client that is now idle."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes("GET", "/"))
    assert await reader.readuntil(b"}")
    return reader, writer


FULL = b"HTTP/1.1 503 "


@pytest.mark.parametrize(
    ("most", "idle_seconds", "expected"),
    [
        (3, 0.0, [FULL, FULL, FULL]),  # there is room for all
        (2, 0.0, [b"", FULL, FULL]),  # the first makes room
        (2, PATIENCE, [FULL, FULL, b""]),  # both have just come, and stay
    ],
)
def test_who_has_been_idle_the_longest_makes_room(
    most: int, idle_seconds: float, expected: list[bytes]
) -> None:
    async def use() -> list[bytes]:
        async with room_for(most, idle_seconds, Fault("503")) as port:
            first, second = await come(port), await come(port)
            newest = await answer_at(port)
            return [await answer_to(*first), await answer_to(*second), newest]

    assert asyncio.run(use()) == expected


def test_who_is_being_answered_keeps_the_place() -> None:
    async def use() -> bytes:
        asked = asyncio.Event()

        async def be_silent(*_: object) -> None:
            asked.set()
            await asyncio.Event().wait()

        async with room_for(1, 0.0, app=be_silent) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            await asked.wait()
            turned_away = await answer_at(port)
            writer.close()
        return turned_away

    assert asyncio.run(use()) == b""


def test_a_client_learns_that_the_application_broke_down() -> None:
    async def use() -> bytes:
        async with room_for(1, 0.0) as port:
            return await answer_at(port)

    assert asyncio.run(use()) == b""


def test_who_cannot_be_let_in_now_is_let_in_later() -> None:
    async def use() -> bytes:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            async with room_for(1, 0.0, Fault("503"), listening=deaf) as port:
                await asyncio.sleep(0)
                deaf.listen()
                return await answer_at(port)

    assert asyncio.run(use()) == FULL


def test_the_system_has_files_for_some_clients() -> None:
    assert most_clients() >= 16
