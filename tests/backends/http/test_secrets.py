"""The key and presigned URLs, which nobody but the service must ever see."""

import io
import logging
import pickle
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import replay
from chat_api import (
    STOP,
    ChatAPI,
    chunk,
    delta,
    document,
    for_prompts,
    frame,
    stream_head,
    user_input,
)
from http_server import KEY, Handler, Request, Server, always, answer, json_answer

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]
GOOD = json_answer(document("ses-1"))
IMAGE = replay.ImageAttachment("dfl-1", "page.jpg")


def hang_up(_: Request, connection: socket.socket) -> None:
    connection.close()


FAULTS: dict[str, Handler] = {
    "401": always(json_answer({"detail": "Invalid"}, 401)),
    "403": always(answer(b"", 403)),
    "404": always(answer(b"", 404)),
    "422": always(answer(b"", 422)),
    "429": always(answer(b"", 429, "Retry-After: 55")),
    "500": always(answer(b"", 500, "x-should-retry: false")),
    "html": always(answer(b"<html>", 200, "Content-Type: text/html")),
    "garbage": always(b"garbage"),
    "cut": always(GOOD[:-5]),
    "closed": hang_up,
    "slow": lambda _, connection: connection.recv(1),
    "redirect": always(answer(b"", 307, "Location: http://127.0.0.1:9/x")),
    "no session": always(json_answer([])),
    "long header": always(answer(b"", 200, "X: " + "x" * 70_000)),
    "no gzip": always(answer(b"x", 200, "Content-Encoding: gzip")),
}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "call", ["session", "summaries", "sessions", "attachment", "stream"]
)
def test_no_error_shows_the_key_even_with_all_local_variables(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    serve: Serve,
    fault: str,
    call: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    handler = FAULTS[fault]
    server = serve(for_prompts(handler) if call == "stream" else handler)
    with replay.open(server.url, timeout=0.3) as source:
        calls: dict[str, Callable[[], object]] = {
            "session": lambda: source.session("ses-1"),
            "summaries": lambda: [*source.summaries()],
            "sessions": lambda: [*source.sessions()],
            "attachment": lambda: source.attachment(IMAGE),
            "stream": lambda: [*source.stream("ses-1", "Why?", ["i"])],
        }
        with pytest.raises(replay.ReplayError) as caught:
            calls[call]()
        told = traceback.TracebackException.from_exception(
            caught.value, capture_locals=True
        )
        shown = "".join(told.format()) + caplog.text + repr(source)
    assert "CANARY" not in shown
    assert b"CANARY" not in pickle.dumps(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


COMMANDS = [
    ["ls", "{}"],
    ["ls", "{}", "--json"],
    ["--traceback", "transcript", "{}"],
    ["transcript", "{}", "--session", "ses-1"],
    ["check", "{}"],
    ["copy", "{}", "fetched"],
    ["record", "{}", "recorded"],
    [
        "--traceback",
        "record",
        "{}",
        "live",
        "--session",
        "s",
        "--prompt",
        "p",
        "--index",
        "i",
    ],
    ["run", "{}", "--plugin", "usage"],
    ["plugins"],
]


class API(ChatAPI):
    """A service whose turn breaks off."""

    def _reply(self, connection: socket.socket) -> bool:
        connection.sendall(stream_head() + chunk(frame(delta("x"))))
        return False


@pytest.mark.parametrize(
    "handler",
    [
        API([document("ses-1", user_input("p"), STOP)]),
        FAULTS["401"],
        FAULTS["no session"],
    ],
)
def test_no_command_writes_the_key_anywhere(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, tmp_path: Path, handler: Handler
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    server = serve(handler)
    written = io.BytesIO()
    for command in COMMANDS:
        arguments = [each.format(server.url) for each in command]
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "replay", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=tmp_path,
            timeout=60,
        )
        written.write(done.stdout)
    for path in tmp_path.rglob("*"):
        written.write(
            str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        )
    assert b"CANARY" not in written.getvalue()
    assert b"CANARY" in server.received


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_not_a_byte_reaches_another_host(
    serve: Serve, source_of: Open, status: int
) -> None:
    other = serve(always(GOOD))
    server = serve(always(answer(b"", status, f"Location: {other.url}/x")))
    source = source_of(server)
    calls: list[Callable[[], object]] = [
        lambda: source.session("ses-1"),
        lambda: [*source.summaries()],
        lambda: source.attachment(IMAGE),
        lambda: source.stream("ses-1", "Why?", ["i"]),
    ]
    for call in calls:
        with pytest.raises(replay.UnsafeRedirectError):
            call()
    assert other.received == b""
    assert other.connections == 0


def test_of_an_image_the_other_host_sees_the_url_and_no_more(
    serve: Serve, source_of: Open
) -> None:
    other = serve(always(answer(b"pixels", 200, "Content-Type: image/png")))
    url = {"url": f"{other.url}/p?sig=s3cret", "expires_at": "2999-01-01T00:00:00Z"}
    source = source_of(serve(always(json_answer(url))), project_id="proj-s3cret")
    assert source.attachment(IMAGE) == b"pixels"
    assert b"GET /p?sig=s3cret" in other.received
    assert b"CANARY" not in other.received
    assert b"proj-" not in other.received
    assert b"authorization" not in other.received.lower()
    assert b"cookie" not in other.received.lower()


def test_a_recording_holds_neither_key_nor_url(
    serve: Serve, source_of: Open, tmp_path: Path
) -> None:
    result = {
        "type": "tool_result",
        "call_id": "c",
        "name": "n",
        "result": None,
        "image_attachment": {"source_id": "dfl-1", "attachment_name": "page.jpg"},
    }
    api = ChatAPI([document("ses-1")])
    api.turn = [frame(result), frame(STOP)]
    with source_of(serve(api)).stream(
        "ses-1", "Why?", ["i"], record_to=tmp_path
    ) as stream:
        assert len([*stream]) == 2
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"CANARY" not in data
    assert b"http" not in data
