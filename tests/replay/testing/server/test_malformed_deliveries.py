"""Answers that are no good HTTP, byte for byte."""

from collections.abc import Callable

import pytest

from asking import CHAT, PROMPT, ask, exchanged
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
SESSION = f"{CHAT}/ses-hello"


def spoiled(serve: Serve, fault: str) -> bytes:
    return exchanged(serve(faults=fault).url, "GET", SESSION)[0]


def test_garbage_is_no_http(serve: Serve) -> None:
    assert not spoiled(serve, "garbage").startswith(b"HTTP")


def test_two_lengths_differ(serve: Serve) -> None:
    whole = ask(serve().url, "GET", SESSION).body
    answer = spoiled(serve, "two-lengths")
    for length in (len(whole), len(whole) + 7):
        assert b"\r\ncontent-length: %d\r\n" % length in answer
    assert answer.endswith(whole)


def test_a_bad_chunk_comes_after_a_good_one(serve: Serve) -> None:
    assert b"\r\nzz\r\n" in spoiled(serve, "bad-chunk")


@pytest.mark.parametrize(("fault", "size"), [("large-header", 71680), ("=5", 5)])
def test_a_large_header_is_as_large_as_is_said(
    serve: Serve, fault: str, size: int
) -> None:
    answer = spoiled(serve, f"large-header{fault.removeprefix('large-header')}")
    (line,) = [e for e in answer.split(b"\r\n") if e.lower().startswith(b"x-large")]
    assert len(line.split(b": ")[1]) == size


@pytest.mark.parametrize(("fault", "count"), [("many-headers", 200), ("=3", 3)])
def test_there_are_as_many_headers_as_is_said(
    serve: Serve, fault: str, count: int
) -> None:
    answer = spoiled(serve, f"many-headers{fault.removeprefix('many-headers')}")
    assert answer.lower().count(b"\r\nx-header-") == count


def test_a_stream_can_be_malformed_too(serve: Serve) -> None:
    url = serve(faults="bad-chunk").url
    answer, _ = exchanged(url, "POST", f"{SESSION}/messages/stream", body=PROMPT)
    assert b"\r\nzz\r\n" in answer
