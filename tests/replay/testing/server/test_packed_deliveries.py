"""Answers that are packed."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable

from asking import CHAT, PROMPT, ask, connected, request_bytes
from replay.testing.server.deliveries import packed
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
SESSION = f"{CHAT}/ses-hello"


def test_a_body_is_packed(serve: Serve) -> None:
    reply = ask(serve(faults="gzip").url, "GET", SESSION)
    assert reply.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body))["session_id"] == "ses-hello"


def test_a_packed_body_is_of_the_size_that_is_said(serve: Serve) -> None:
    reply = ask(serve(faults="gzip=5000001").url, "GET", SESSION)
    unpacked = gzip.decompress(reply.body)
    assert len(unpacked) == 5_000_001
    assert json.loads(unpacked)["session_id"] == "ses-hello"
    assert len(reply.body) < 10_000


def test_a_packed_stream_is_still_a_stream(serve: Serve) -> None:
    url = serve(faults="gzip=2000000").url
    reply = ask(url, "POST", f"{SESSION}/messages/stream", PROMPT)
    assert gzip.decompress(reply.body).lstrip(b"\n").startswith(b": ping\n\nevent: ")


def test_a_bomb_is_sent_as_it_is_read(serve: Serve) -> None:
    url = serve(faults="gzip=10000000000").url
    unpacked = 0
    with connected(url) as client:
        client.sendall(request_bytes("GET", SESSION))
        received = b""
        while b"\x1f\x8b" not in received:
            received += client.recv(1 << 16)
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
        del unpack
        while unpacked < 1 << 20:
            unpacked += len(client.recv(1 << 16))
    assert ask(url, "GET", SESSION, headers={"X-Replay-Fault": "gzip"}).status == 200


def test_others_get_their_turn_between_the_blocks_of_a_bomb() -> None:
    async def use() -> list[str]:
        turns: list[str] = []

        async def other() -> None:
            for _ in range(3):
                turns.append("other")
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        async for _ in packed(b"", 1 << 21):
            turns.append("bomb")  # noqa: PERF401 - the other one writes between
        await task
        return turns

    turns = asyncio.run(use())
    assert "other" in turns[: turns.index("bomb") + 3]
    assert turns.count("other") == 3
    assert turns[-1] == "bomb"


def test_encodings_are_stacked(serve: Serve) -> None:
    reply = ask(serve(faults="encodings=3").url, "GET", SESSION)
    assert reply.headers["content-encoding"] == "gzip, gzip, gzip"
    body = gzip.decompress(gzip.decompress(gzip.decompress(reply.body)))
    assert json.loads(body)["session_id"] == "ses-hello"


def test_six_encodings_are_stacked_by_default(serve: Serve) -> None:
    reply = ask(serve(faults="encodings").url, "GET", SESSION)
    assert reply.headers["content-encoding"].count("gzip") == 6
