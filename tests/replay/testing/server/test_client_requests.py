"""What a client asks."""

import pytest

from replay.testing.server.connections import ClientRequest, addressed

HERE = b"127.0.0.1:80"
HOST = (b"host", b"localhost")
OTHER = (b"accept", b"*/*")


def test_of_two_headers_of_a_name_the_first_counts() -> None:
    headers = [(b"x-a", b"1"), (b"x-a", b"2")]
    request = ClientRequest(b"GET", b"/", headers, b"")
    assert request.header("x-a") == "1"
    assert request.header("x-b") is None


def test_a_path_is_without_its_query() -> None:
    assert ClientRequest(b"GET", b"/a%2Fb?c?d", [], b"").path == "/a%2Fb"


def test_a_path_and_a_host_stay_as_they_are() -> None:
    assert addressed(b"/a", [HOST, OTHER], HERE) == (b"/a", [HOST, OTHER])


def test_a_host_that_is_missing_is_where_the_request_came_in() -> None:
    assert addressed(b"/a", [OTHER], HERE) == (b"/a", [(b"host", HERE), OTHER])


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://a:1/b?c", b"/b?c"),
        (b"HTTPS://a:1", b"/"),
        (b"http://a:1?c", b"/?c"),
        (b"http://a:1/http://b/c", b"/http://b/c"),
    ],
)
def test_the_host_of_a_url_comes_before_the_header(target: bytes, path: bytes) -> None:
    assert addressed(target, [HOST, OTHER], HERE) == (path, [(b"host", b"a:1"), OTHER])


@pytest.mark.parametrize("target", [b"*", b"a:1", b"ftp://a/b", b"/http://a/b"])
def test_what_is_no_such_url_is_left(target: bytes) -> None:
    assert addressed(target, [HOST], HERE) == (target, [HOST])
