"""Who is let in, and how failures are told."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from asking import CHAT, PROMPT, ask
from replay import SessionSummary
from replay.sources.source import Source
from replay.testing.server.api import make_app
from replay.testing.server.connections import ClientRequest
from replay.testing.server.front import answered
from replay.testing.server.server import LlamaCloudServer
from replay.testing.server.settings import ServerSettings

if TYPE_CHECKING:
    from replay.sources.protocols import Backend

Serve = Callable[..., LlamaCloudServer]
ATTACHMENTS = "/api/v1/beta/attachments"


def test_without_a_key_any_key_will_do(url: str) -> None:
    assert ask(url, "GET", CHAT, headers={"Authorization": "Bearer x"}).status == 200


def test_a_missing_key_is_401(serve: Serve) -> None:
    reply = ask(serve(api_key="llx-right").url, "GET", CHAT)
    assert (reply.status, reply.json) == (401, {"detail": "Not authenticated"})


@pytest.mark.parametrize("key", ["Bearer llx-wrong", "llx-right", "Bearer "])
def test_a_wrong_key_is_401(serve: Serve, key: str) -> None:
    url = serve(api_key="llx-right").url
    reply = ask(url, "GET", CHAT, headers={"Authorization": key})
    assert (reply.status, reply.json) == (
        401,
        {"detail": "Invalid authentication token"},
    )


def test_the_right_key_is_let_in(serve: Serve) -> None:
    url = serve(api_key="llx-right").url
    key = {"Authorization": "Bearer llx-right"}
    assert ask(url, "GET", CHAT, headers=key).status == 200


def test_an_unknown_path_is_404(url: str) -> None:
    reply = ask(url, "GET", "/api/v1/chats")
    assert (reply.status, reply.json) == (404, {"detail": "Not Found"})


def test_a_wrong_method_is_405(url: str) -> None:
    reply = ask(url, "PUT", CHAT)
    assert (reply.status, reply.json) == (405, {"detail": "Method Not Allowed"})


def test_an_unknown_session_is_404(url: str) -> None:
    reply = ask(url, "POST", f"{CHAT}/ses-none/messages/stream", PROMPT)
    assert (reply.status, reply.json) == (404, {"detail": "Session not found"})


def test_an_invalid_body_is_422(url: str) -> None:
    reply = ask(url, "POST", f"{CHAT}/ses-hello/messages/stream", {"prompt": "Hi"})
    missing = {
        "type": "missing",
        "loc": ["body", "index_ids"],
        "msg": "Field required",
        "input": {"prompt": "Hi"},
    }
    assert (reply.status, reply.json) == (422, {"detail": [missing]})


def test_a_session_that_cannot_be_read_any_more_is_500(
    serve: Serve, folder: Path
) -> None:
    url = serve().url
    (folder / "hello.json").write_text("no JSON", encoding="utf-8")
    reply = ask(url, "GET", f"{CHAT}/ses-hello")
    assert reply.status == 500
    assert "hello.json" in reply.json["detail"]


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


def test_what_nobody_thought_of_is_500_in_json() -> None:
    class Broken:
        def summaries(self) -> Iterator[SessionSummary]:
            message = "the disk is on fire"
            raise ZeroDivisionError(message)

    async def answer() -> tuple[int, bytes]:
        source = Source(cast("Backend", Broken()), "broken")
        request = ClientRequest(b"GET", CHAT.encode(), [(b"host", b"localhost")], b"")
        app = make_app(source, ServerSettings())
        async with answered(app, request, None) as found:
            return found.status, await found.whole_body()

    status, body = anyio.run(answer)
    detail = "Internal Server Error: ZeroDivisionError: the disk is on fire"
    assert (status, json.loads(body)) == (500, {"detail": detail})


def test_a_foreign_name_of_this_machine_is_not_served(url: str) -> None:
    reply = ask(url, "GET", CHAT, headers={"Host": "rebound.example:80"})
    assert (reply.status, reply.json) == (421, {"detail": "This host is not served"})


def test_a_server_for_all_machines_answers_to_any_name(serve: Serve) -> None:
    server = serve(host="0.0.0.0", allow_remote=True)  # noqa: S104 - what the test is about
    url = server.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the same
    assert ask(url, "GET", CHAT, headers={"Host": "machine.example"}).status == 200


def test_two_names_of_this_machine_are_served(url: str) -> None:
    for host in ("localhost:1", "[::1]:1"):
        assert ask(url, "GET", CHAT, headers={"Host": host}).status == 200


@pytest.mark.parametrize("host", ["a@b:c", "[", ""])
def test_what_is_no_name_is_not_served(url: str, host: str) -> None:
    assert ask(url, "GET", CHAT, headers={"Host": host}).status == 421


def test_answers_are_json_in_utf_8(url: str) -> None:
    reply = ask(url, "GET", f"{CHAT}/ses-hello")
    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.body.decode()) == reply.json
