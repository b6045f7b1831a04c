"""Answers that come late, in part, malformed or not at all, byte for byte."""

import asyncio
import gzip
import json
import socket
import zlib
from pathlib import Path

import pytest

from asking import (
    ask,
    connected,
    exchanged,
    read_to_end,
    received_until,
    request_bytes,
)
from replay.testing.server.deliveries import compressed
from replay.testing.server.faults import NAMES
from replay.testing.server.server import LlamaCloudServer
from serving_process import ASKED, SESSION, STREAM, Serve


def spoiled(serve: Serve, fault: str, target: str = SESSION) -> tuple[bytes, bytes]:
    """Return the head, in lower case, and the body of the answer to a GET."""
    answer, is_reset = exchanged(serve(faults=fault).url, "GET", target)
    assert is_reset is fault.startswith("reset")
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower(), body


def spoiled_stream(serve: Serve, fault: str) -> bytes:
    answer, _ = exchanged(serve(faults=fault).url, "POST", STREAM, body=ASKED)
    return answer.partition(b"\r\n\r\n")[2]


@pytest.fixture
def whole(serve: Serve) -> bytes:
    """Return the body of an answer that isn't spoiled."""
    return ask(serve().url, "GET", SESSION).body


def test_garbage_is_no_http_and_a_close_sends_nothing(serve: Serve) -> None:
    assert not spoiled(serve, "garbage")[0].startswith(b"http")
    assert spoiled(serve, "close") == (b"", b"")


def test_two_lengths_differ_and_a_bad_chunk_comes_after_a_good_one(
    serve: Serve, whole: bytes
) -> None:
    head, body = spoiled(serve, "two-lengths")
    for length in (len(whole), len(whole) + 7):
        assert b"\r\ncontent-length: %d\r\n" % length in head + b"\r\n"
    assert body == whole
    assert b"\r\nzz\r\n" in spoiled(serve, "bad-chunk")[1]
    assert b"\r\nzz\r\n" in spoiled_stream(serve, "bad-chunk")


def test_headers_are_as_large_and_as_many_as_is_said(serve: Serve) -> None:
    for value, size in (("", 71680), ("=5", 5)):
        head, _ = spoiled(serve, f"large-header{value}")
        (line,) = [each for each in head.split(b"\r\n") if each[:8] == b"x-large:"]
        assert len(line) == len(b"x-large: ") + size
    for value, count in (("", 200), ("=3", 3)):
        head, _ = spoiled(serve, f"many-headers{value}")
        assert head.count(b"\r\nx-header-") == count


def test_a_body_is_shorter_than_announced_or_than_it_was(
    serve: Serve, whole: bytes
) -> None:
    head, body = spoiled(serve, "truncate")
    assert b"content-length: %d" % len(whole) in head
    assert body == whole[: len(whole) // 2]
    body = spoiled_stream(serve, "truncate=20")  # which lacks its last chunk
    assert body == b"14\r\n: ping\n\nevent: delta\r\n"
    head, body = spoiled(serve, "wrong-length=7")
    assert b"content-length: 7" in head
    assert body == b'{"sessi'


def test_a_reset_comes_within_a_character(serve: Serve) -> None:
    assert spoiled(serve, "reset")[1].endswith(b"Gr\xc3")
    assert spoiled_stream(serve, "reset").endswith(b"Gr\xc3\r\n")


@pytest.mark.parametrize(
    ("fault", "target", "end"),
    [
        ("reset", f"{SESSION}/summary", b'"weather":{"sky":["blue"]}'),
        ("reset=9", SESSION, b'{"session'),
        ("reset=0", SESSION, b""),
        ("reset=99999", SESSION, b"]}"),
    ],
)
def test_a_reset_leaves_out_the_end_or_comes_after_so_many_bytes(
    serve: Serve, fault: str, target: str, end: bytes
) -> None:
    body = spoiled(serve, fault, target)[1]
    assert body.endswith(end)
    assert end or not body


@pytest.mark.parametrize("fault", ["stall=3600", "stall", "drip=3600"])
def test_until_then_a_part_is_all_that_comes(
    folder: Path, whole: bytes, fault: str
) -> None:
    half = whole[: (len(whole) + 1) // 2] if fault.startswith("stall") else b""
    with LlamaCloudServer(folder) as server:
        server.fail_next(fault)
        client = connected(server.url)
        client.sendall(request_bytes("GET", SESSION))
        received = received_until(client, b"\r\n\r\n" + half)
    with client:
        assert received + read_to_end(client)[0] == received


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


def test_what_comes_late_is_whole_in_the_end(serve: Serve, whole: bytes) -> None:
    for fault in ("drip=0.0001", "drip-headers=0.001", "stall=0.01"):
        assert spoiled(serve, fault)[1] == whole


def test_a_drip_comes_byte_by_byte(serve: Serve) -> None:
    body = spoiled_stream(serve, "drip=0").removesuffix(b"0\r\n\r\n")
    chunks = [body[start : start + 6] for start in range(0, len(body), 6)]
    assert len(chunks) > 100
    assert all(each[:3] + each[4:] == b"1\r\n\r\n" for each in chunks)


def test_a_drip_takes_its_time_by_itself(serve: Serve) -> None:
    with connected(serve(faults="drip").url) as client:
        client.sendall(request_bytes("GET", SESSION))
        assert received_until(client, b"\r\n\r\n{")


def test_an_answer_without_a_body_can_be_spoiled(serve: Serve) -> None:
    for fault in ("truncate", "reset", "stall=0", "wrong-length", "drip=0"):
        answer, _ = exchanged(serve(faults=fault).url, "DELETE", SESSION)
        assert answer.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("fault", sorted({*NAMES, "429"} - {"redirect"}))
def test_an_answer_to_head_can_be_spoiled(serve: Serve, fault: str) -> None:
    value = {"stall": "=0", "drip": "=0", "drip-headers": "=0"}.get(fault, "")
    server = serve(faults=f"1x{fault}{value}")
    answer, _ = exchanged(server.url, "HEAD", SESSION)
    assert (answer == b"") == (fault == "close")
    assert ask(server.url, "HEAD", SESSION).status == 200


@pytest.mark.parametrize(
    ("value", "size"), [("", 0), ("=0", 0), ("=5000001", 5_000_001)]
)
def test_a_body_is_packed_to_the_size_that_is_said(
    serve: Serve, whole: bytes, value: str, size: int
) -> None:
    head, body = spoiled(serve, f"gzip{value}")
    assert b"content-encoding: gzip" in head
    unpacked = gzip.decompress(_joined(body))
    assert unpacked.lstrip(b"\n") == whole
    assert len(unpacked) == max(size, len(whole))
    assert len(body) < 10_000


def _joined(chunks: bytes) -> bytes:
    """Return a chunked body, joined."""
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        body, chunks = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


def test_a_packed_stream_is_still_a_stream(serve: Serve) -> None:
    body = ask(serve(faults="gzip=2000000").url, "POST", STREAM, ASKED).body
    assert gzip.decompress(body).lstrip(b"\n").startswith(b": ping\n\nevent: ")


def test_a_bomb_is_sent_as_it_is_read(serve: Serve) -> None:
    url = serve(faults="gzip=10000000000").url
    with connected(url) as client:
        client.sendall(request_bytes("GET", SESSION))
        received_until(client, b"\x1f\x8b")
        packed = 0
        while packed < 1 << 20:
            packed += len(client.recv(1 << 16))
    assert ask(url, "GET", SESSION, headers={"X-Replay-Fault": "gzip"}).status == 200


def test_others_get_their_turn_between_the_blocks_of_a_bomb() -> None:
    async def use() -> list[str]:
        turns: list[str] = []

        async def other() -> None:
            for _ in range(3):
                turns.append("other")
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        async for _ in compressed(b"", 1 << 21):
            turns.append("bomb")  # noqa: PERF401 - the other one writes between
        await task
        return turns

    turns = asyncio.run(use())
    assert "other" in turns[: turns.index("bomb") + 3]
    assert turns.count("other") == 3
    assert turns[-1] == "bomb"


@pytest.mark.parametrize(("value", "count"), [("", 6), ("=3", 3)])
def test_encodings_are_stacked(serve: Serve, value: str, count: int) -> None:
    reply = ask(serve(faults=f"encodings{value}").url, "GET", SESSION)
    assert reply.headers["content-encoding"] == ", ".join(["gzip"] * count)
    body = reply.body
    for _ in range(count):
        body = zlib.decompress(body, zlib.MAX_WBITS | 16)
    assert json.loads(body)["session_id"] == "ses-hello"
