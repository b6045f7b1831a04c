"""Request handling: admission, faults and error answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from asking import CHAT, ask, connected, received_until, request_bytes
from replay import SessionSummary
from replay.sources.source import Source
from replay.testing.server.connections import ClientRequest
from replay.testing.server.request_handler import application_answer, refusal
from replay.testing.server.server import make_app
from replay.testing.server.settings import ServerSettings
from serving_process import ASKED, SESSION, STREAM, Serve

if TYPE_CHECKING:
    from replay.sources.protocols import Backend

ATTACHMENTS = "/api/v1/beta/attachments"


def refused(
    settings: ServerSettings, host: str | None, key: str | None, path: str = CHAT
) -> tuple[int, object] | None:
    """Return the status and the detail of a refusal; None: the request is admitted."""
    given = {"host": host, "authorization": key}
    headers = [
        (name.encode(), value.encode("latin-1"))
        for name, value in given.items()
        if value is not None
    ]
    answer = refusal(settings, ClientRequest(b"GET", path.encode(), headers, b""))
    if answer is None:
        return None
    return answer.status, json.loads(anyio.run(answer.whole_body))["detail"]


def test_only_own_names_are_let_in_on_this_machine() -> None:
    local = ServerSettings()
    remote = ServerSettings(host="192.0.2.1", allow_remote=True)
    for host in ("localhost", "localhost:1", "[::1]:1", "127.0.0.1:80"):
        assert refused(local, host, None) is None
    for foreign in (None, "", "[", "a@b:c", "rebound.example:80"):
        assert refused(local, foreign, None) == (421, "This host is not served")
        assert refused(remote, foreign, None) is None


FOREIGN = [
    *("https://evil.example", "null", "", "http://[", "http://localhost.evil.example"),
    *("http://evil.example:8000", "http://evil.example/http://localhost", "localhost"),
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_site_can_create_no_session(
    serve: Serve, origin: str
) -> None:
    server = serve()
    sent = {"Origin": origin, "Content-Type": "text/plain"}  # as of mode: "no-cors"
    assert ask(server.url, "POST", CHAT, b"{}", sent).status == 403
    assert ask(server.url, "POST", STREAM, ASKED, sent).status == 403
    assert len(ask(server.url, "GET", CHAT).json["items"]) == 1
    assert len(ask(server.url, "GET", SESSION).json["events"]) == 8


def test_a_page_on_this_machine_or_of_the_server_itself_is_let_in(serve: Serve) -> None:
    url = serve().url
    for origin in (url, "http://localhost:3000", "https://127.0.0.1", "http://[::1]:1"):
        assert ask(url, "POST", CHAT, b"{}", {"Origin": origin}).status == 201
    remote = ServerSettings(host="192.0.2.1", allow_remote=True)
    for origin, is_refused in (
        ("http://192.0.2.1:80", False),
        ("http://replay.example:80", True),
    ):
        headers = [(b"host", b"192.0.2.1:80"), (b"origin", origin.encode())]
        request = ClientRequest(b"POST", CHAT.encode(), headers, b"")
        assert (refusal(remote, request) is not None) is is_refused


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        (None, "Not authenticated"),
        ("Bearer", "Invalid authentication token"),
        ("Bearer \xff", "Invalid authentication token"),
        ("llx-ü", "Invalid authentication token"),
    ],
)
def test_only_the_right_key_is_let_in(key: str | None, detail: str) -> None:
    settings = ServerSettings(api_key="llx-ü")
    assert refused(settings, "localhost", key) == (401, detail)
    right = "Bearer llx-ü".encode().decode("latin-1")
    assert refused(settings, "localhost", right) is None
    assert refused(settings, "localhost", key, "/attachments/a") is None


def test_a_key_is_not_shown() -> None:
    assert "llx-secret" not in repr(ServerSettings(api_key="llx-secret"))


def test_who_is_not_let_in_asks_for_no_fault(serve: Serve) -> None:
    url = serve(api_key="llx-right").url
    asked = {"X-Replay-Fault": "503"}
    key = {"Authorization": "Bearer llx-right"}
    assert ask(url, "GET", SESSION, headers=asked).status == 401
    foreign = {**asked, **key, "Host": "rebound.example"}
    assert ask(url, "GET", SESSION, headers=foreign).status == 421
    assert ask(url, "GET", SESSION, headers={**asked, **key}).status == 503
    assert ask(url, "GET", SESSION, headers=key).status == 200


@pytest.mark.parametrize(
    ("method", "target", "status", "detail"),
    [
        ("GET", "/api/v1/chats", 404, "Not Found"),
        ("GET", f"{CHAT}/", 404, "Not Found"),
        ("PUT", CHAT, 405, "Method Not Allowed"),
        ("GET", f"{CHAT}/ses-none", 404, "Session not found"),
    ],
)
def test_an_error_has_a_detail(
    url: str, method: str, target: str, status: int, detail: str
) -> None:
    reply = ask(url, method, target)
    assert (reply.status, reply.json) == (status, {"detail": detail})


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"{CHAT}?page_size={'9' * 30}", 200),
        (f"{CHAT}?page_size={'9' * 5000}", 422),
        (f"{CHAT}?page_token={'OTk5' * 100}", 422),
        (f"{ATTACHMENTS}?source_id={'x' * 300}", 200),
        (f"{ATTACHMENTS}/a.png?source_id={'x' * 300}", 404),
        (f"{ATTACHMENTS}/{'x' * 300}?source_id=dfl-1", 404),
        (f"{CHAT}/{'x' * 300}", 404),
        (f"{CHAT}/%00", 404),
    ],
)
def test_what_is_odd_is_answered_in_json(url: str, target: str, status: int) -> None:
    reply = ask(url, "GET", target)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    assert reply.json


def test_a_session_that_cannot_be_read_any_more_is_500(
    serve: Serve, folder: Path
) -> None:
    url = serve().url
    (folder / "hello.json").write_text('{"events": [', encoding="utf-8")
    reply = ask(url, "GET", SESSION)
    assert reply.status == 500
    assert "hello.json" in reply.json["detail"]


def test_what_nobody_thought_of_is_500_in_json() -> None:
    class Broken:
        def summaries(self) -> Iterator[SessionSummary]:
            message = "the memory is on fire"
            raise MemoryError(message)

    async def answer() -> tuple[int, bytes]:
        source = Source(cast("Backend", Broken()), "broken")
        request = ClientRequest(b"GET", CHAT.encode(), [(b"host", b"localhost")], b"")
        app = make_app(source, ServerSettings())
        async with application_answer(app, request) as found:
            return found.status, await found.whole_body()

    status, body = anyio.run(answer)
    detail = "Internal Server Error: MemoryError: the memory is on fire"
    assert (status, json.loads(body)) == (500, {"detail": detail})


def test_the_next_requests_can_be_made_to_fail(serve: Serve) -> None:
    server = serve(faults="1x500 404")
    server.fail_next("503", times=2)
    server.fail_next("429=0.5")
    statuses = [ask(server.url, "GET", SESSION).status for _ in range(6)]
    assert statuses == [503, 503, 429, 500, 404, 404]


def test_a_request_can_ask_for_its_own_fault(url: str) -> None:
    reply = ask(url, "GET", SESSION, headers={"X-Replay-Fault": "503"})
    assert (reply.status, reply.json) == (503, {"detail": "Service Unavailable"})
    assert ask(url, "GET", SESSION).status == 200


@pytest.mark.parametrize(
    "fault", ["no-such", "drip=fast", "redirect", "garbage=1", "=", "429=\xff"]
)
def test_a_fault_that_is_none_is_400(url: str, fault: str) -> None:
    reply = ask(url, "GET", SESSION, headers={"X-Replay-Fault": fault})
    assert reply.status == 400
    assert "fault" in reply.json["detail"]


@pytest.mark.parametrize(
    ("fault", "wait"),
    [("429", "1"), ("429=2.5", "2.5"), ("503=9", "9"), ("500", None), ("599", None)],
)
def test_a_status_may_tell_how_long_to_wait(
    serve: Serve, fault: str, wait: str | None
) -> None:
    reply = ask(serve(faults=fault).url, "GET", SESSION)
    assert (str(reply.status), reply.headers.get("retry-after")) == (fault[:3], wait)


def test_a_captive_portal_is_a_page_and_a_redirect_leads_where_is_said(
    serve: Serve,
) -> None:
    here, there = "redirect=http://localhost:9", "redirect=http://localhost:9/x"
    url = serve(faults=f"1xcaptive-portal 1x{here} 1x{there}").url
    page, *redirects = [ask(url, "GET", f"{SESSION}?page=1") for _ in range(3)]
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    assert b"<title>" in page.body
    assert [(each.status, each.headers["location"]) for each in redirects] == [
        (307, f"http://localhost:9{SESSION}?page=1"),
        (307, "http://localhost:9/x"),
    ]


@pytest.mark.parametrize(("fault", "added"), [("500", 0), ("close", 5), ("stall=0", 5)])
def test_a_prompt_joins_the_history_unless_it_is_refused(
    serve: Serve, fault: str, added: int
) -> None:
    url = serve(faults=f"1x{fault}").url
    with connected(url) as client:
        client.sendall(request_bytes("POST", STREAM, "Connection: close", body=ASKED))
        while client.recv(1 << 16):
            pass
    assert len(ask(url, "GET", SESSION).json["events"]) == 8 + added


def test_a_fault_of_streams_waits_for_a_stream(serve: Serve) -> None:
    url = serve(faults="1xno-stop 1xduplicate-final").url
    assert ask(url, "GET", SESSION).status == 200
    bodies = [ask(url, "POST", STREAM, ASKED).body for _ in range(3)]
    kinds = [b'{"type":"%s",' % each for each in (b"text_delta", b"text", b"stop")]
    counts = [[body.count(kind) for kind in kinds] for body in bodies]
    assert counts == [[2, 1, 0], [2, 2, 2], [2, 1, 1]]


def test_the_log_has_every_request_with_its_key_masked(serve: Serve) -> None:
    server = serve(api_key="llx-secret", faults="1x429")
    key = {"Authorization": "Bearer llx-secret", "X-Mine": "1"}
    ask(server.url, "POST", STREAM, ASKED)
    ask(server.url, "GET", f"{SESSION}?project_id=7", headers=key)
    first, second = server.requests
    assert (first.method, first.path, json.loads(first.body)) == ("POST", STREAM, ASKED)
    assert second.path == f"{SESSION}?project_id=7"
    assert second.headers["authorization"] == "***"
    assert second.headers["x-mine"] == "1"
    outcomes = [(each.status, each.fault) for each in server.requests]
    assert outcomes == [(429, "429"), (200, None)]
    assert "llx-secret" not in repr(second)


def test_the_first_event_is_with_the_client_before_the_second_is_sent(
    serve: Serve, folder: Path
) -> None:
    arrivals = "0\n0\n3600\n3600\n3600\n0\n0\n0\n"
    (folder / "hello.arrivals").write_text(arrivals, encoding="ascii")
    server = serve(speed=1)
    with connected(server.url) as client:
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        received = received_until(client, b"}\n\n")
        (record,) = server.requests
        assert len(record.sent_at) == 1
    assert received.count(b"data:") == 1
