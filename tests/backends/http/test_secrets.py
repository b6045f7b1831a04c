"""Secrecy of the key and of presigned URLs, which only the service may see."""

import io
import json
import logging
import pickle
import socket
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import replay
from chat_api import (
    FAR,
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
from http_server import KEY, Handler, Request, Web, always, answer, head, json_answer
from replay_command import Run

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = json_answer(document("ses-1"))
TINY = replay.Limits(event_bytes=10)
IMAGE = replay.ImageAttachment("dfl-1", "page.jpg")


def called(source: replay.Source, name: str) -> object:
    calls: dict[str, Callable[[], object]] = {
        "session": lambda: source.session("ses-1"),
        "summaries": lambda: [*source.summaries()],
        "sessions": lambda: [*source.sessions()],
        "attachment": lambda: source.attachment(IMAGE),
        "stream": lambda: [*source.stream("ses-1", "Why?", ["i"])],
    }
    return calls[name]()


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


def with_locals(error: BaseException, *, skipped_frames: int = 1) -> str:
    """Return all that an error tracker may keep of an error, less a test's frame."""
    frames = [*traceback.walk_tb(error.__traceback__)][skipped_frames:]
    stack = traceback.StackSummary.extract(frames, capture_locals=True)
    shown = "".join(stack.format()) + repr(error) + str(error)
    context = error.__context__
    return shown + (with_locals(context, skipped_frames=0) if context else "")


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "call", ["session", "summaries", "sessions", "attachment", "stream"]
)
def test_no_error_shows_the_key_even_with_all_local_variables(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    web: Web,
    fault: str,
    call: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    handler = FAULTS[fault]
    server = web.serve(for_prompts(handler) if call == "stream" else handler)
    with replay.open(server.url, timeout=0.3) as source:
        with pytest.raises(replay.ReplayError) as caught:
            called(source, call)
        shown = with_locals(caught.value) + caplog.text + repr(source)
    assert "CANARY" not in shown
    assert b"CANARY" not in pickle.dumps(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def echo(request: Request) -> bytes:
    return request.headers["authorization"].encode()


def echoing(*answers: bytes) -> Handler:
    """Return a handler that sends an answer with the key in place of ``KEY``."""

    def handler(request: Request, connection: socket.socket) -> None:
        connection.sendall(b"".join(answers).replace(b"KEY", echo(request)))

    return handler


ESCAPED = KEY.replace("llx", r"\u006clx").encode()
ECHOES: dict[str, Handler] = {
    "a detail": echoing(head(401), b'{"detail": "KEY"}'),
    "an escaped detail": echoing(head(401), b'{"detail": "%b"}' % ESCAPED),
    "a list": echoing(head(422), b'{"detail": [{"loc": ["KEY"], "msg": {"KEY": 1}}]}'),
    "a page": echoing(head(200, "Content-Type: text/html"), b"KEY"),
    "a body that is no JSON": echoing(
        head(200, "Content-Type: application/json"), b"KEY"
    ),
    "a content type": echoing(head(200, "Content-Type: KEY"), b"x"),
    "a request id": echoing(head(403, "X-Request-Id: KEY")),
    "a status line": echoing(b"KEY\r\n\r\n"),
    "a long status line": echoing(b"x" * 150, b"KEY\r\n\r\n"),
    "a chunk size": echoing(
        head(200, "Content-Type: application/json", "Transfer-Encoding: chunked"),
        b"KEY\r\n",
    ),
    "a redirect": echoing(
        head(307, f"Location: http://{KEY.lower()}.example.com/", "Content-Length: 0")
    ),
}


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("call", ["session", "stream"])
def test_a_key_that_a_server_sends_back_is_not_shown(
    web: Web, name: str, call: str
) -> None:
    handler = ECHOES[name]
    source = web.source(for_prompts(handler) if call == "stream" else handler)
    with pytest.raises(replay.ReplayError) as caught:
        called(source, call)
    shown = str(caught.value)
    assert "canary" not in (shown + with_locals(caught.value)).lower()
    assert b"canary" not in pickle.dumps(caught.value).lower()


@pytest.mark.parametrize("options", [{"strict": True}, {"limits": TINY}, {}])
@pytest.mark.parametrize(
    "event", [b'data: {"type": "KEY"}\n\n', b"data: KEY\n\n", b": KEY\n\ndata: KEY"]
)
def test_a_key_in_a_turn_that_fails_is_not_shown(
    web: Web, event: bytes, options: dict[str, object]
) -> None:
    sent = head(200, "Content-Type: text/event-stream") + event
    source = web.source(for_prompts(echoing(sent)), **options)
    with pytest.raises(replay.ReplayError) as caught:
        [*source.stream("ses-1", "Why?", ["i"])]
    assert "CANARY" not in with_locals(caught.value)


def test_a_key_that_cannot_be_one_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", f"{KEY}ü")
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", KEY)
    with pytest.raises(replay.AuthError) as caught:
        replay.open("llamacloud:")
    assert "CANARY" not in with_locals(caught.value)


def test_an_error_keeps_the_one_that_its_caller_was_handling(web: Web) -> None:
    source = web.source(always(answer(b"", 401)))
    earlier = ValueError("a caller's own")
    try:
        raise earlier
    except ValueError:
        with pytest.raises(replay.AuthError) as caught:
            source.session("ses-1")
    assert caught.value.__context__ is earlier


def test_a_key_in_a_frame_that_is_odd_is_not_shown(web: Web) -> None:
    frames = b'data: {"KEY\n\n', b'event: delta\ndata: {"type": "KEY"}\n\n', frame(STOP)
    sent = head(200, "Content-Type: text/event-stream") + b"".join(frames)
    source = web.source(for_prompts(echoing(sent)))
    with source.stream("ses-1", "Why?", ["i"]) as stream:
        assert len([*stream]) == 2
        shown = [each.detail for each in stream.diagnostics]
    assert len(shown) == 2
    assert [each.count("(the key)") for each in shown] == [1, 0]
    assert "CANARY" not in "".join(shown)


def told_by(sent: str) -> list[dict[str, object]]:
    """Return events in which a server sends something, in each kind of place."""
    error = {**STOP, "is_error": True, "error": f"401 for {sent}"}
    return [
        delta(f"It is {sent}."),
        delta(f"It is {sent}.", "text"),
        {"type": "new", sent: {"deep": [f"{sent}{sent}"]}},
        {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {"h": sent}},
        error,
    ]


def escaped(events: bytes) -> bytes:
    return events.replace(b"llx", rb"\u006cl\u0078")


@pytest.mark.parametrize("spelled", [bytes, escaped])
def test_a_key_in_events_is_in_neither_session_nor_recording(
    web: Web, tmp_path: Path, spelled: "Callable[[bytes], bytes]"
) -> None:
    told = told_by(KEY)
    api = ChatAPI([document("ses-1", *told, generated_title=KEY)])
    api.turn = [spelled(frame(each)) for each in told]

    def handler(request: Request, connection: socket.socket) -> bool:
        if request.method == "POST":
            return api(request, connection)
        data = spelled(json.dumps(api.documents["ses-1"]).encode())
        connection.sendall(answer(data))
        return False

    source = web.source(handler)
    masked = [*told_by("(the key)")]
    session = source.session("ses-1")
    assert session.generated_title == "(the key)"
    assert [each.as_object() for each in session.events] == masked
    with source.stream("ses-1", f"Is it {KEY}?", ["i"], record_to=tmp_path) as stream:
        assert [each.as_object() for each in stream] == masked
    shown = replay.render(replay.load(tmp_path / "ses-1.jsonl"))
    assert shown.count("(the key)") >= 4
    written = [path.read_text() for path in tmp_path.iterdir()]
    assert "CANARY" not in shown + repr(session) + "".join(written)
    assert api.prompts[0]["prompt"] == f"Is it {KEY}?"


def test_a_turn_whose_prompt_holds_the_key_is_found_in_the_history(web: Web) -> None:
    api = ChatAPI([document("ses-1")])
    api.kept = [user_input(KEY), delta("a"), delta("b"), STOP]
    api.reply = always(
        stream_head() + chunk(frame(user_input(KEY)) + frame(delta("a")))
    )
    stream = web.source(api).stream("ses-1", KEY, ["i"])
    assert next(stream) == replay.TextDelta("a")
    with pytest.raises(replay.StreamInterruptedError):
        next(stream)
    assert len([*stream.rest()]) == 2


@pytest.mark.parametrize("key", ["x", "any"])
def test_a_short_key_changes_no_session_and_no_word_of_a_message(
    web: Web, key: str
) -> None:
    told = told_by("any x in a matrix")
    source = web.source(always(json_answer(document("ses-1", *told))), api_key=key)
    assert [each.as_object() for each in source.session("ses-1").events] == told
    withheld = "(not shown, since the key is in it)"
    for detail, shown in (("max many", "max many"), (f"no {key}", withheld)):
        refusing = always(json_answer({"detail": detail}, 403))
        with pytest.raises(replay.PermissionDeniedError) as caught:
            web.source(refusing, api_key=key).session("ses-1")
        assert f"403 Forbidden: {shown}" in str(caught.value)
        assert caught.value.detail == shown


IMAGE_FAULTS = {
    "a redirect": answer(b'<a href="x?sig=s3cret">', 302, "Location: /x?sig=s3cret"),
    "a refusal": answer(b'{"detail": "sig=s3cret"}', 403),
    "a content type": answer(b"sig=s3cret", 201, "Content-Type: sig=s3cret"),
    "a request id": answer(b"", 404, "X-Request-Id: sig=s3cret"),
    "a status line": b"HTTP/1.1 sig=s3cret\r\n\r\n",
    "half of an image": answer(b"x" * 99)[:-9],
    "a chunk size": head(200, "Transfer-Encoding: chunked") + b"sig=s3cret\r\n",
}


def signing(url: str) -> Handler:
    return always(json_answer({"url": f"{url}/x?sig=s3cret", "expires_at": FAR}))


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("name", IMAGE_FAULTS)
def test_a_presigned_url_that_a_server_sends_back_is_not_shown(
    web: Web, name: str
) -> None:
    source = web.source(signing(web.serve(always(IMAGE_FAULTS[name])).url))
    with pytest.raises(replay.BackendError) as caught:
        source.attachment(IMAGE)
    assert "s3cret" not in with_locals(caught.value)


def breaking_off() -> ChatAPI:
    """Return a service whose turn breaks off."""
    api = ChatAPI([document("ses-1", user_input("p"), STOP)])
    api.reply = always(stream_head() + chunk(frame(delta("x"))))
    return api


COMMANDS = [
    *("ls {}", "ls {} --json", "--traceback transcript {}", "check {}", "plugins"),
    *("transcript {} --session ses-1", "copy {} fetched", "record {} recorded"),
    "--traceback record {} live --session s --prompt p --index i",
    "run {} --plugin usage",
]


@pytest.mark.slow
@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "handler",
    [breaking_off(), FAULTS["401"], FAULTS["no session"]],
)
def test_no_command_writes_the_key_anywhere(
    run: Run, web: Web, tmp_path: Path, handler: Handler
) -> None:
    server = web.serve(handler)
    written = io.BytesIO()
    for command in COMMANDS:
        arguments = command.format(server.url).split()
        done = run(*arguments, env={"LLAMA_CLOUD_API_KEY": KEY}, cwd=tmp_path)
        written.write((done.stdout + done.stderr).encode())
    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        written.write(str(path).encode() + data)
    assert b"CANARY" not in written.getvalue()
    assert b"CANARY" in server.received


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_not_a_byte_reaches_another_host(web: Web, status: int) -> None:
    other = web.serve(always(GOOD))
    for host in ("http://localhost", "//localhost", "http://127.0.0.1"):
        location = f"Location: {host}:{other.port}/x"
        server = web.serve(always(answer(b"", status, location)))
        for name in ("session", "summaries", "attachment", "stream"):
            with pytest.raises(replay.UnsafeRedirectError) as caught:
                called(web.source(server), name)
            assert f"localhost:{server.port}" in str(caught.value)
            assert name == "stream" or f":{other.port}" in str(caught.value)
    assert other.received == b""
    assert other.connections == 0


def test_a_recording_holds_neither_key_nor_url(web: Web, tmp_path: Path) -> None:
    result = {
        "type": "tool_result",
        "call_id": "c",
        "name": "n",
        "result": None,
        "image_attachment": {"source_id": "dfl-1", "attachment_name": "page.jpg"},
    }
    api = ChatAPI([document("ses-1")])
    api.turn = [frame(result), frame(STOP)]
    with web.source(api).stream("ses-1", "Why?", ["i"], record_to=tmp_path) as stream:
        assert len([*stream]) == 2
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"CANARY" not in data
    assert b"http" not in data
