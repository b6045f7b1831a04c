"""Answers, before they go over the wire."""

from collections.abc import AsyncIterator

import anyio
import pytest

from replay.testing.server.connections import Answer, phrase_of


async def body() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


@pytest.mark.parametrize(
    ("kind", "is_stream"),
    [(b"text/event-stream; charset=utf-8", True), (b"text/html", False)],
)
def test_a_stream_is_told_by_its_type(kind: bytes, *, is_stream: bool) -> None:
    assert Answer(200, [(b"content-type", kind)], body()).is_stream is is_stream


def test_without_a_type_it_is_no_stream() -> None:
    assert not Answer(204, [], body()).is_stream


def test_a_head_is_framed_as_is_said() -> None:
    answer = Answer(404, [(b"content-length", b"2"), (b"x-a", b"1")], body())
    head = answer.with_headers((b"x-b", b"2")).raw_head((b"content-length", b"7"))
    assert head == (
        b"HTTP/1.1 404 Not Found\r\nx-a: 1\r\nx-b: 2\r\ncontent-length: 7\r\n\r\n"
    )


def test_a_body_is_all_of_its_pieces() -> None:
    assert anyio.run(Answer(200, [], body()).whole_body) == b"ab"


def test_a_status_without_a_name_is_unknown() -> None:
    assert (phrase_of(404), phrase_of(599)) == ("Not Found", "Unknown")
