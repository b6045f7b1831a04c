"""The HTTP client: retries, redirects, cookies, proxies and recipients."""

import socket
from email.utils import formatdate
from pathlib import Path

import pytest

import replay
from chat_api import document
from http_server import (
    KEY,
    Request,
    Server,
    Web,
    always,
    answer,
    head,
    in_turn,
    json_answer,
)
from replay_backends.http.retries import retry_after, wait_before

GOOD = json_answer(document("ses-1"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/api/v1/other?x=1", "other?x=1"])
def test_a_redirect_within_the_origin_is_followed(
    web: Web, status: int, location: str
) -> None:
    endless = ("Content-Length: 9999999", "Set-Cookie: a=b")  # it is not read, nor kept
    server = web.serve(in_turn(head(status, f"Location: {location}", *endless), GOOD))
    assert web.source(server, project_id="p").session("ses-1")
    request = server.requests[1]
    assert request.target.startswith("/api/v1/")
    assert request.target.endswith("other?x=1")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert "cookie" not in request.headers


def test_five_redirects_are_followed_and_no_more(web: Web) -> None:
    server = web.serve(always(answer(b"", 302, "Location: /again")))
    with pytest.raises(replay.UnsafeRedirectError, match="more than 5 redirects"):
        web.source(server).session("ses-1")
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location", ["ftp://localhost/x", "file:///etc/passwd", "http://[::1"]
)
def test_a_redirect_to_nowhere_is_refused(web: Web, location: str) -> None:
    server = web.serve(always(answer(b"", 302, f"Location: {location}")))
    with pytest.raises(replay.BackendError):
        web.source(server).session("ses-1")
    assert len(server.requests) == 1


@pytest.mark.parametrize("scheme", ["http:", ""])
def test_a_redirect_whose_host_can_be_read_in_two_ways_is_not_followed(
    web: Web, scheme: str
) -> None:
    def mislead(_: Request, connection: socket.socket) -> None:
        hosts = f"localhost:{other.port}\\@localhost:{server.port}"
        connection.sendall(answer(b"", 307, f"Location: {scheme}//{hosts}/x"))

    other, server = web.serve(always(GOOD)), web.serve(mislead)
    with pytest.raises(replay.BackendError, match="isn't an http or https URL"):
        web.source(server).session("ses-1")
    assert not other.received


@pytest.mark.parametrize("key", [KEY, None])
def test_a_netrc_file_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, web: Web, tmp_path: Path, key: str | None
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login someone password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    server = web.serve(always(GOOD))
    web.source(server, api_key=key).session("ses-1")
    sent = server.requests[0].headers.get("authorization")
    assert sent == (f"Bearer {key}" if key else None)


def test_a_proxy_from_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    proxy = web.serve(always(GOOD))
    monkeypatch.setenv("http_proxy", proxy.url)
    location = "http://sessions.example.com"
    with replay.open(location, api_key=KEY, allow_plain_http=True) as source:
        assert source.session("ses-1").session_id == "ses-1"
    assert proxy.requests[0].target == f"{location}/api/v1/chat/ses-1"


def test_no_proxy_stands_before_this_machine(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    proxy, server = web.serve(always(GOOD)), web.serve(always(GOOD))
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
        for host in ("localhost", "127.0.0.1"):
            with replay.open(f"http://{host}:{server.port}", api_key=KEY) as source:
                assert source.session("ses-1")
    assert not proxy.connections
    assert len(server.requests) == 4


def test_a_request_says_what_it_wants_and_who_asks(web: Web) -> None:
    untyped = GOOD.replace(b"Content-Type: application/json\r\n", b"")
    server = web.serve(always(untyped))
    web.source(server).session("ses-1")
    headers = server.requests[0].headers
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("chat-replay/")


def test_a_connection_is_let_go_of_when_the_source_is_closed(web: Web) -> None:
    ended: list[bool] = []

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(json_answer(document("ses-1"), close=False))
        ended.append(connection.recv(1) == b"")

    server = web.serve(handler)
    source = web.source(server)
    source.session("ses-1")
    source.close()
    server.stop()
    assert ended == [True]


NOW = 1_000_000_000.0
DATE = formatdate(NOW + 7, usegmt=True)
NO_DATES = ["Mon, 99 Foo 2026 00:00:00 GMT", "Sun, 06 Nov 99999999 08:49:37 GMT"]
RETRIED = [408, 409, 429, 500, 502, 503, 504, 507, 599]
NOT_RETRIED = [400, 401, 402, 403, 404, 405, 410, 413, 415, 418, 422, 423, 425]


def refused(web: Web, *answers: bytes) -> tuple[replay.BackendError, Server]:
    server = web.serve(in_turn(*answers))
    with pytest.raises(replay.BackendError) as caught:
        web.source(server).session("ses-1")
    return caught.value, server


def test_these_statuses_are_retried(web: Web, waits: list[float]) -> None:
    for status in RETRIED:
        server = web.serve(in_turn(answer(b"", status), answer(b"", status), GOOD))
        assert web.source(server).session("ses-1").session_id == "ses-1"
        assert len(server.requests) == 3
    assert len(waits) == 2 * len(RETRIED)


def test_these_are_not(web: Web, waits: list[float]) -> None:
    for status in NOT_RETRIED:
        error, server = refused(web, answer(b"", status))
        assert (error.status, error.retryable) == (status, False)
        assert len(server.requests) == 1
    assert not waits


def test_the_service_may_ask_for_a_retry_or_for_none(
    web: Web, waits: list[float]
) -> None:
    again = answer(b"", 404, "X-Should-Retry: true")
    assert web.source(in_turn(again, GOOD)).session("ses-1")
    assert len(waits) == 1
    error, server = refused(web, again)
    assert type(error) is replay.SessionNotFoundError
    assert len(server.requests) == len(waits) == 6
    error, _ = refused(web, answer(b"", 500, "x-should-retry: false"))
    assert type(error) is replay.BackendUnavailableError
    with pytest.raises(replay.BackendUnavailableError):
        web.source(in_turn(answer(b"", 500)), retries=0).session("ses-1")
    assert len(waits) == 6


def test_the_service_says_how_long_to_wait(web: Web, waits: list[float]) -> None:
    headers = ("Retry-After: 1.5", "retry-after-ms: 20", "Retry-After: 60")
    for header in headers:
        source = web.source(in_turn(answer(b"", 503, header), GOOD), timeout=100.0)
        source.session("ses-1")
    assert waits == [1.5, 0.02, 60.0]


def test_a_wait_past_the_deadline_is_an_error_at_once(
    web: Web, waits: list[float]
) -> None:
    error, server = refused(web, answer(b"", 429, "Retry-After: 50"))
    assert isinstance(error, replay.RateLimitedError)
    assert error.retry_after == 50
    assert len(server.requests) == 1
    assert not waits


def test_what_the_service_asks_is_read() -> None:
    both = {"retry-after-ms": "1500", "retry-after": "3"}
    assert retry_after(both, NOW) == 1.5
    assert retry_after({**both, "retry-after-ms": "soon"}, NOW) == 3.0
    for text, seconds in [("3", 3.0), ("0.5", 0.5), ("0", 0.0), (DATE, 7.0)]:
        assert retry_after({"retry-after": text}, NOW) == seconds
    for text in ("soon", "nan", "inf", "", *NO_DATES):
        assert retry_after({"retry-after": text}, NOW) is None
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize("asked", [None, 0.0, -3.0, 60.1])
def test_otherwise_the_wait_doubles_up_to_eight_seconds(asked: float | None) -> None:
    for retry, most in [*enumerate([0.5, 1, 2, 4, 8, 8]), (1000, 8)]:
        waits = [wait_before(retry, asked) for _ in range(200)]
        assert 0.75 * most <= min(waits) < max(waits) <= most, retry
