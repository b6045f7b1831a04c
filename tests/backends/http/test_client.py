"""Redirects, cookies, and what goes to whom."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import replay
from chat_api import document
from http_server import KEY, Request, Server, always, answer, head, in_turn, json_answer
from replay.errors import UnsafeRedirectError

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]
GOOD = json_answer(document("ses-1"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/api/v1/other?x=1", "other?x=1"])
def test_a_redirect_within_the_origin_is_followed(
    serve: Serve, source_of: Open, status: int, location: str
) -> None:
    server = serve(in_turn(answer(b"", status, f"Location: {location}"), GOOD))
    assert source_of(server, project_id="p").session("ses-1")
    target = server.requests[1].target
    assert target.startswith("/api/v1/")
    assert target.endswith("other?x=1")
    assert server.requests[1].headers["authorization"] == f"Bearer {KEY}"


def test_five_redirects_are_followed_and_no_more(serve: Serve, source_of: Open) -> None:
    server = serve(always(answer(b"", 302, "Location: /again")))
    with pytest.raises(UnsafeRedirectError, match="more than 5 redirects"):
        source_of(server).session("ses-1")
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "place", ["http://localhost:{}/x", "//localhost:{}/x", "http://127.0.0.1:{}/x"]
)
def test_a_redirect_to_another_origin_is_refused_and_nothing_reaches_it(
    serve: Serve, source_of: Open, place: str
) -> None:
    other = serve(always(GOOD))
    location = place.format(other.port)
    server = serve(always(answer(b"", 307, f"Location: {location}")))
    with pytest.raises(UnsafeRedirectError) as caught:
        source_of(server).session("ses-1")
    assert f"localhost:{server.port}" in str(caught.value)
    assert f":{other.port}" in str(caught.value)
    assert not other.connections
    assert not other.received


@pytest.mark.parametrize(
    "location", ["ftp://localhost/x", "file:///etc/passwd", "http://[::1"]
)
def test_a_redirect_to_nowhere_is_refused(
    serve: Serve, source_of: Open, location: str
) -> None:
    server = serve(always(answer(b"", 302, f"Location: {location}")))
    with pytest.raises(replay.BackendError):
        source_of(server).session("ses-1")
    assert len(server.requests) == 1


@pytest.mark.parametrize("scheme", ["http:", ""])
def test_a_redirect_whose_host_can_be_read_in_two_ways_is_not_followed(
    serve: Serve, source_of: Open, scheme: str
) -> None:
    def mislead(_: Request, connection: socket.socket) -> None:
        hosts = f"localhost:{other.port}\\@localhost:{server.port}"
        connection.sendall(answer(b"", 307, f"Location: {scheme}//{hosts}/x"))

    other, server = serve(always(GOOD)), serve(mislead)
    with pytest.raises(replay.BackendError, match="no URL"):
        source_of(server).session("ses-1")
    assert not other.received


def test_the_body_of_a_redirect_is_not_read(serve: Serve, source_of: Open) -> None:
    endless = head(302, "Location: /x", "Content-Length: 9999999")
    server = serve(in_turn(endless, GOOD))
    assert source_of(server).session("ses-1")


def test_cookies_are_not_kept(serve: Serve, source_of: Open) -> None:
    server = serve(in_turn(answer(b"", 302, "Location: /x", "Set-Cookie: a=b"), GOOD))
    source_of(server).session("ses-1")
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("key", [KEY, None])
def test_a_netrc_file_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    source_of: Open,
    tmp_path: Path,
    key: str | None,
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login someone password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(always(GOOD))
    source_of(server, api_key=key).session("ses-1")
    sent = server.requests[0].headers.get("authorization")
    assert sent == (f"Bearer {key}" if key else None)


def test_a_proxy_from_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    proxy = serve(always(GOOD))
    monkeypatch.setenv("http_proxy", proxy.url)
    location = "http://sessions.example.com"
    with replay.open(location, api_key=KEY, allow_plain_http=True) as source:
        assert source.session("ses-1").session_id == "ses-1"
    assert proxy.requests[0].target == f"{location}/api/v1/chat/ses-1"


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_no_proxy_stands_before_this_machine(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, name: str, host: str
) -> None:
    proxy, server = serve(always(GOOD)), serve(always(GOOD))
    monkeypatch.setenv(name, proxy.url)
    with replay.open(f"http://{host}:{server.port}", api_key=KEY) as source:
        assert source.session("ses-1")
    assert not proxy.connections
    assert len(server.requests) == 1


def test_a_request_says_what_it_wants_and_who_asks(
    serve: Serve, source_of: Open
) -> None:
    server = serve(always(GOOD))
    source_of(server).session("ses-1")
    headers = server.requests[0].headers
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("chat-replay/")


def test_an_answer_without_a_content_type_is_read(
    serve: Serve, source_of: Open
) -> None:
    data = GOOD.replace(b"Content-Type: application/json\r\n", b"")
    assert source_of(serve(always(data))).session("ses-1")


def test_a_connection_is_let_go_of_when_the_source_is_closed(
    serve: Serve, source_of: Open
) -> None:
    ended: list[bool] = []

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(json_answer(document("ses-1"), close=False))
        ended.append(connection.recv(1) == b"")

    server = serve(handler)
    source = source_of(server)
    source.session("ses-1")
    source.close()
    server.stop()
    assert ended == [True]
