"""Answers that come late, in part or not at all, byte for byte."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from asking import (
    CHAT,
    PROMPT,
    ask,
    connected,
    exchanged,
    read_to_end,
    received_until,
    request_bytes,
)
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
SESSION = f"{CHAT}/ses-hello"
STREAM = f"{SESSION}/messages/stream"
ASKED = {**PROMPT, "prompt": "Hello?"}


def parts(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower(), body


def test_a_close_sends_nothing(serve: Serve) -> None:
    assert exchanged(serve(faults="close").url, "GET", SESSION) == (b"", False)


def test_a_prompt_is_in_the_history_though_nothing_came_back(serve: Serve) -> None:
    url = serve(faults="1xclose").url
    exchanged(url, "POST", STREAM, body=ASKED)
    assert len(ask(url, "GET", SESSION).json["events"]) == 8 + 5


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_reset_comes_within_a_character(serve: Serve, method: str) -> None:
    url = serve(faults="reset").url
    target = SESSION if method == "GET" else STREAM
    body = None if method == "GET" else ASKED
    answer, is_reset = exchanged(url, method, target, body=body)
    assert is_reset
    assert answer.removesuffix(b"\r\n").endswith(b"Gr\xc3")


def test_a_reset_where_no_character_is_long_leaves_out_the_end(serve: Serve) -> None:
    answer, is_reset = exchanged(serve(faults="reset").url, "GET", f"{SESSION}/summary")
    assert is_reset
    assert answer.endswith(b'"weather":{"sky":["blue"]}')


def test_a_reset_may_come_after_so_many_bytes(serve: Serve) -> None:
    answer, is_reset = exchanged(serve(faults="reset=9").url, "GET", SESSION)
    assert is_reset
    assert parts(answer)[1] == b'{"session'


def test_a_reset_may_come_before_the_body(serve: Serve) -> None:
    answer, is_reset = exchanged(serve(faults="reset=0").url, "GET", SESSION)
    assert is_reset
    assert parts(answer)[1] == b""


def test_a_reset_past_the_end_comes_at_the_end(serve: Serve) -> None:
    answer, is_reset = exchanged(serve(faults="reset=99999").url, "GET", SESSION)
    assert is_reset
    assert answer.endswith(b"}")


def test_a_truncated_body_is_shorter_than_announced(serve: Serve) -> None:
    whole = ask(serve().url, "GET", SESSION).body
    head, body = parts(exchanged(serve(faults="truncate").url, "GET", SESSION)[0])
    assert b"content-length: %d" % len(whole) in head
    assert body == whole[: len(whole) // 2]


def test_a_truncated_stream_lacks_its_last_chunk(serve: Serve) -> None:
    url = serve(faults="truncate=20").url
    answer, is_reset = exchanged(url, "POST", STREAM, body=ASKED)
    assert not is_reset
    assert parts(answer)[1] == b"14\r\n: ping\n\nevent: delta\r\n"


def test_a_wrong_length_is_that_of_what_comes(serve: Serve) -> None:
    head, body = parts(exchanged(serve(faults="wrong-length=7").url, "GET", SESSION)[0])
    assert b"content-length: 7" in head
    assert body == b'{"sessi'


def test_a_stall_ends_after_its_time(serve: Serve) -> None:
    reply = ask(serve(faults="stall=0.01").url, "GET", SESSION)
    assert reply.json["session_id"] == "ses-hello"


@pytest.mark.parametrize("fault", ["stall=3600", "stall"])
def test_until_then_half_of_a_body_is_all_that_comes(folder: Path, fault: str) -> None:
    with LlamaCloudServer(folder) as server:
        whole = ask(server.url, "GET", SESSION).body
        half = whole[: (len(whole) + 1) // 2]
        server.fail_next(fault)
        client = connected(server.url)
        client.sendall(request_bytes("GET", SESSION))
        received = received_until(client, half)
    with client:
        assert received + read_to_end(client)[0] == received
    assert received.endswith(half)


def test_a_stall_of_a_stream_comes_after_the_first_event(serve: Serve) -> None:
    server = serve(faults="stall")
    with connected(server.url) as client:
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        received = received_until(client, b"}\n\n\r\n")
        client.shutdown(socket.SHUT_WR)
        rest, _ = read_to_end(client)
    assert received.count(b"data:") == 1
    assert rest.count(b"data:") == 3


def test_a_stall_without_a_time_ends_when_the_client_does(serve: Serve) -> None:
    server = serve(faults="1xstall")
    with connected(server.url) as client:
        client.sendall(request_bytes("GET", SESSION))
        assert client.recv(1 << 16)
        client.sendall(b"GET ")  # it may say more, and be heard by nobody
        client.shutdown(socket.SHUT_WR)
        received, _ = read_to_end(client)
    assert received.endswith(b"}")


def test_a_drip_is_whole_in_the_end(serve: Serve) -> None:
    server = serve(faults="drip=0.0001")
    expected = ask(serve().url, "GET", f"{SESSION}/summary").body
    assert ask(server.url, "GET", f"{SESSION}/summary").body == expected


def test_a_drip_comes_byte_by_byte(serve: Serve) -> None:
    answer, _ = exchanged(serve(faults="drip=0").url, "POST", STREAM, body=ASKED)
    body = parts(answer)[1].removesuffix(b"0\r\n\r\n")
    chunks = [body[start : start + 6] for start in range(0, len(body), 6)]
    assert len(chunks) > 100
    assert all(each[:3] + each[4:] == b"1\r\n\r\n" for each in chunks)


def test_a_drip_waits_before_each_byte(folder: Path) -> None:
    with LlamaCloudServer(folder) as server:
        server.fail_next("drip=3600")
        client = connected(server.url)
        client.sendall(request_bytes("GET", SESSION))
        received = received_until(client, b"\r\n\r\n")
    with client:
        assert read_to_end(client)[0] == b""
    assert received.endswith(b"\r\n\r\n")


def test_a_drip_takes_its_time_by_itself(serve: Serve) -> None:
    with connected(serve(faults="drip").url) as client:
        client.sendall(request_bytes("GET", SESSION))
        assert received_until(client, b"\r\n\r\n{")


def test_headers_may_drip_too(serve: Serve) -> None:
    reply = ask(serve(faults="drip-headers=0.001").url, "GET", SESSION)
    assert reply.json["session_id"] == "ses-hello"


def test_an_answer_without_a_body_can_be_spoiled(serve: Serve) -> None:
    for fault in ("truncate", "reset", "stall=0", "wrong-length", "drip=0"):
        answer, _ = exchanged(serve(faults=fault).url, "DELETE", SESSION)
        assert answer.startswith(b"HTTP/1.1 204 ")
