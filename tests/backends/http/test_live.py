"""Live turns over HTTP."""

import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import attrs
import pytest
import requests
import trustme

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
from http_server import (
    PATIENCE,
    Handler,
    Request,
    Server,
    Web,
    always,
    answer,
    head,
    json_answer,
    reset,
    secure,
)
from replay.model.events import Event, Stop, TextDelta, UserInput
from replay.model.sessions import Session
from replay_plugins.redact import Redactor

TEXT = {"type": "text", "content": "It rose."}
TURN = [delta("It "), delta("rose."), TEXT, STOP]
ROSE = [user_input("Why?"), TEXT, STOP]
ENDLESS = stream_head()
PLAIN = head(200, "Content-Type: text/event-stream")


def ask(source: replay.Source, **options: object) -> replay.LiveStream:
    return source.stream("ses-1", "Why?", ["idx-1"], **options)  # type: ignore[arg-type]  # passed on


def plain(events: Iterator[Event] | replay.LiveStream) -> list[object]:
    return [event.as_object() for event in events]


def interrupted(
    stream: replay.LiveStream,
) -> tuple[list[object], replay.StreamInterruptedError]:
    come: list[object] = []
    with pytest.raises(replay.StreamInterruptedError) as caught:
        come.extend(each.as_object() for each in stream)
    return come, caught.value


def prompts(server: Server) -> list[Request]:
    return [each for each in server.requests if each.method == "POST"]


def api_of(*turn: object) -> ChatAPI:
    """Return a service that answers a prompt with these events, and keeps the turn."""
    api = ChatAPI([document("ses-1")])
    api.kept = [user_input("Why?"), *turn]
    api.turn = [frame(event) for event in turn if isinstance(event, dict)]
    return api


def broken(sent: bytes, *history: object, resets: bool = False) -> ChatAPI:
    """Return a service that answers a prompt with some bytes, and hangs up."""
    api = ChatAPI([document("ses-1")])
    api.kept = [*history]
    api.reply = (reset if resets else always)(sent)
    return api


def test_events_come_as_they_were_sent(web: Web) -> None:
    for turn in (TURN, [*TURN, TEXT, STOP]):  # something may follow a stop
        server = web.serve(api_of(*turn))
        with ask(web.source(server)) as stream:
            assert plain(stream) == turn
            assert stream.diagnostics == ()
            assert [*stream] == [*stream.rest()] == []
        assert len(prompts(server)) == 1


def test_a_turn_may_come_after_interim_answers_and_needs_more_than_these(
    web: Web,
) -> None:
    interim = head(100) * 2 + head(102) + head(103, "Link: </x>")
    sent = interim + PLAIN + b"".join(map(frame, TURN))
    assert plain(ask(web.source(broken(sent)))) == TURN
    come, error = interrupted(ask(web.source(broken(interim))))
    assert come == []
    assert "the answer broke off: its headers are incomplete" in str(error)


def test_the_prompt_is_sent_as_the_service_expects_it(web: Web) -> None:
    api = api_of(*TURN)
    server = web.serve(api)
    with web.source(server, project_id="p").stream(
        "ses-1", "Why?", ("i", "j"), require_all_indexes=True
    ) as stream:
        assert stream.session_id == "ses-1"
        assert stream.user_input == UserInput("Why?")
    with ask(web.source(server)):
        pass
    assert api.prompts == [
        {"prompt": "Why?", "index_ids": ["i", "j"], "require_all_indexes": True},
        {"prompt": "Why?", "index_ids": ["idx-1"]},
    ]
    request = prompts(server)[0]
    assert request.target == "/api/v1/chat/ses-1/messages/stream?project_id=p"
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize("start", [ENDLESS, PLAIN])
def test_an_event_is_handed_out_before_the_next_is_sent(web: Web, start: bytes) -> None:
    handed_out = threading.Semaphore(0)
    wrap = chunk if start == ENDLESS else bytes

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(start)
        for event in TURN:
            connection.sendall(wrap(frame(event)))
            assert handed_out.acquire(timeout=PATIENCE)
        connection.sendall(wrap(b"") if start == ENDLESS else b"")

    come = []
    with ask(web.source(for_prompts(handler))) as stream:
        for event in stream:
            come.append(event.as_object())
            handed_out.release()
    assert come == TURN


def test_only_an_echo_of_the_prompt_is_not_handed_out(web: Web) -> None:
    with ask(web.source(api_of(user_input("Why?"), *TURN))) as stream:
        assert plain(stream) == TURN
    for turn in ([user_input("Other?"), STOP], [delta("a"), user_input("Why?"), STOP]):
        with ask(web.source(api_of(*turn))) as stream:
            assert plain(stream) == turn


@pytest.mark.parametrize("after", [b"", b": ping\n\n", frame(STOP)[:-9], frame(TEXT)])
def test_a_connection_left_open_after_a_stop_is_not_waited_for(
    web: Web, after: bytes
) -> None:
    pause = threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN + frame(STOP))
        while after:
            connection.sendall(after)
            pause.wait(0.01)
        connection.recv(1)

    with ask(web.source(for_prompts(handler), timeout=1e6)) as stream:
        assert next(stream) == Stop(replay.Usage(), is_error=False)
        assert {each.as_object()["type"] for each in stream} <= {"text", "stop"}  # type: ignore[index]  # objects all


TWO = b"".join(map(frame, TURN[:2]))
CHUNKS = ENDLESS + b"".join(chunk(frame(each)) for each in TURN[:2])
CUTS = {
    "an end without a stop": PLAIN + TWO,
    "chunks without an end": CHUNKS,
    "an end of chunks without a stop": CHUNKS + chunk(b""),
    "a frame cut": PLAIN + TWO + frame(TEXT)[:-3],
    "a reset": PLAIN + TWO,
    "no byte": head(200, "Content-Type: text/event-stream", "Content-Length: 0"),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_stream_that_breaks_off_says_so_once_its_events_are_handed_out(
    web: Web, name: str
) -> None:
    resets, count = name == "a reset", 0 if name == "no byte" else 2
    api = broken(CUTS[name], user_input("Why?"), *TURN, resets=resets)
    with ask(web.source(api)) as stream:
        come, error = interrupted(stream)
        assert come == TURN[: len(come)]
        assert resets or len(come) == count
        assert error.received == len(come)
        assert f"after {len(come)} event" in str(error)
        assert not error.retryable
        codes = [each.code for each in stream.diagnostics]
        assert codes == (["torn-frame"] if name == "a frame cut" else [])
        assert come + plain(stream.rest()) == TURN
    assert len(api.prompts) == 1


HISTORIES: dict[str, list[object]] = {
    "all": TURN,
    "full events": [TEXT, STOP],
    "deltas": [delta("It "), delta("rose."), STOP],
    "deltas, cut otherwise": [delta("I"), delta("t r"), delta("ose."), STOP],
}


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("count", range(4))
def test_with_the_rest_each_message_is_there_once(
    web: Web, name: str, count: int
) -> None:
    sent = PLAIN + b"".join(map(frame, TURN[:count]))
    api = broken(sent, user_input("Why?"), *HISTORIES[name])
    with ask(web.source(api)) as stream:
        come: list[Event] = []
        with pytest.raises(replay.StreamInterruptedError):
            come.extend(stream)
        whole = [*come, *stream.rest()]
    messages = [
        x.content for x in replay.coalesce(whole) if isinstance(x, replay.Message)
    ]
    assert messages == ["It rose."]
    assert isinstance(whole[-1], Stop)


def test_the_rest_can_be_asked_for_again_while_the_turn_goes_on(web: Web) -> None:
    api = broken(PLAIN, user_input("Why?"), TURN[0])
    with ask(web.source(api)) as stream:
        interrupted(stream)
        assert plain(stream.rest()) == TURN[:1]
        assert plain(stream.rest()) == []
        api.documents["ses-1"] = document("ses-1", user_input("Why?"), *TURN)
        assert plain(stream.rest()) == TURN[1:]


def test_the_rest_may_be_asked_for_at_any_time(web: Web) -> None:
    with ask(web.source(api_of(*TURN))) as stream:
        assert next(stream) == TextDelta("It ")
        assert plain(stream.rest()) == TURN[1:]
        assert plain(stream) == []


def test_the_rest_of_a_stream_with_a_gap_is_there(web: Web) -> None:
    frames = [frame(delta("It ")), b"data: {oops\n\n", frame(delta("."))]
    with ask(web.source(broken(PLAIN + b"".join(frames), *ROSE))) as stream:
        interrupted(stream)
        assert plain(stream.rest()) == [TEXT, STOP]


def test_an_older_turn_of_the_same_prompt_is_not_taken_for_this_one(web: Web) -> None:
    api = broken(PLAIN)
    api.documents["ses-1"] = document("ses-1", *ROSE)
    with ask(web.source(api)) as stream:
        interrupted(stream)
        with pytest.raises(replay.BackendError, match="has no such turn"):
            [*stream.rest()]
        assert plain(stream.rest(known=0)) == [TEXT, STOP]


NO_ANSWER: dict[str, Handler] = {
    "closed": always(),
    "half a status line": always(PLAIN[:5]),
    "a server error": always(json_answer({"detail": "oops"}, 500)),
    "a gateway error": always(answer(b"<html>", 504, "Content-Type: text/html")),
    "nothing": lambda _, connection: connection.recv(1),
}


@pytest.mark.parametrize("name", NO_ANSWER)
def test_where_nobody_knows_whether_it_was_received_the_prompt_is_not_sent_again(
    web: Web, waits: list[float], name: str
) -> None:
    server = web.serve(for_prompts(NO_ANSWER[name]))
    timeout = 0.5 if name == "nothing" else PATIENCE
    with ask(web.source(server, timeout=timeout)) as stream:
        come, error = interrupted(stream)
        assert not come
        assert not error.retryable
        assert "the prompt may have been received" in error.hint
        assert error.status == {"a server error": 500, "a gateway error": 504}.get(name)
    assert len(prompts(server)) == 1
    assert not waits


REFUSED = {
    replay.AuthError: answer(b"", 401),
    replay.SessionNotFoundError: answer(b"", 404),
    replay.InvalidRequestError: answer(b"", 422),
    replay.RateLimitedError: answer(b"", 429, "retry-after-ms: 1"),
    replay.BackendUnavailableError: answer(b"", 409, "x-should-retry: true"),
    replay.BadResponseError: answer(b"<html>", 200, "Content-Type: text/html"),
    replay.UnsafeRedirectError: answer(b"", 307, "Location: /api/v1/other"),
}


@pytest.mark.parametrize("error", REFUSED)
def test_a_refusal_is_raised_at_once_and_the_prompt_not_sent_again(
    web: Web, waits: list[float], error: type[replay.BackendError]
) -> None:
    server = web.serve(for_prompts(always(REFUSED[error])))
    with pytest.raises(replay.BackendError) as caught:
        ask(web.source(server))
    assert type(caught.value) is error
    assert len(prompts(server)) == 1
    assert not waits


def test_a_prompt_that_is_refused_or_not_sent_leaves_no_recording(
    web: Web, tmp_path: Path
) -> None:
    with pytest.raises(replay.RateLimitedError):
        ask(web.source(for_prompts(always(answer(b"", 429)))), record_to=tmp_path)
    api = ChatAPI([])
    with pytest.raises(replay.SessionNotFoundError):
        ask(web.source(api), record_to=tmp_path)
    assert not api.prompts
    assert not [*tmp_path.iterdir()]


def test_a_certificate_that_is_not_good_keeps_the_prompt_from_being_sent(
    waits: list[float], web: Web, authority: trustme.CA, trusted: str
) -> None:
    good, bad = secure(authority), secure(trustme.CA())
    contexts = iter([good, bad])  # for the session, and for the prompt

    def choose(sock: ssl.SSLSocket, *_: object) -> None:
        sock.context = next(contexts)

    good.sni_callback = choose  # type: ignore[assignment]  # the stubs want all names
    server = web.serve(for_prompts(always()), good)
    with pytest.raises(replay.TLSError):
        ask(web.source(server, verify=trusted))
    assert [each.method for each in server.requests] == ["GET"]
    assert not waits


def test_a_connection_that_is_spoilt_once_it_was_safe_may_have_taken_the_prompt(
    waits: list[float], web: Web, authority: trustme.CA, trusted: str
) -> None:
    def spoil(_: Request, connection: socket.socket) -> None:
        socket.socket.send(connection, b"not encrypted")

    server = web.serve(for_prompts(spoil), secure(authority))
    interrupted(ask(web.source(server, verify=trusted)))
    assert len(prompts(server)) == 1
    assert not waits


def test_a_connection_that_could_not_be_made_is_tried_again(
    web: Web, waits: list[float]
) -> None:
    def handler(_: Request, connection: socket.socket) -> None:
        server.refuse()
        connection.sendall(json_answer(document("ses-1")))

    server = web.serve(handler)
    with pytest.raises(replay.BackendUnavailableError):
        ask(web.source(server))
    assert [each.method for each in server.requests] == ["GET"]
    assert len(waits) == 5


def test_an_error_that_the_caller_is_handling_does_not_send_the_prompt_again(
    web: Web, waits: list[float]
) -> None:
    server, dead = web.serve(for_prompts(always())), web.serve(always())
    nobody = dead.url
    dead.stop()
    with pytest.raises(replay.StreamInterruptedError):  # noqa: PT012 - within a handler
        try:
            requests.get(nobody, timeout=PATIENCE)
        except requests.ConnectionError:
            [*ask(web.source(server))]
    assert len(prompts(server)) == 1
    assert not waits


@pytest.mark.parametrize("earlier", [TimeoutError("s3cret"), ssl.SSLError("s3cret")])
def test_an_error_that_the_caller_is_handling_is_no_part_of_what_is_told(
    web: Web, earlier: Exception
) -> None:
    with ask(web.source(broken(PLAIN + frame(TURN[0]), resets=True))) as stream:
        try:
            raise earlier
        except OSError:
            _, error = interrupted(stream)
    assert "s3cret" not in str(error)
    assert "in time" not in str(error)


def test_what_the_service_would_refuse_is_not_sent(web: Web, tmp_path: Path) -> None:
    server = web.serve(always())
    refused: list[tuple[str, Sequence[str]]] = [
        *(("x" * 1001, ["i"]), ("x", []), ("x", ["i"] * 11), ("x", "")),
        ("x", "idx-1"),
    ]
    for prompt, indexes in refused:
        with pytest.raises(replay.InvalidRequestError) as caught:
            web.source(server).stream("s", prompt, indexes, record_to=tmp_path / "x")
    assert caught.value.hint == "['idx-1']"
    assert not server.requests
    assert not [*tmp_path.iterdir()]


def test_the_longest_prompt_and_an_empty_one_are_sent(web: Web) -> None:
    api = api_of(*TURN)
    for prompt, indexes in (("😀" * 1000, ["i"] * 10), ("", ["i"])):
        with web.source(api).stream("ses-1", prompt, indexes) as stream:
            assert plain(stream) == TURN
        assert api.prompts[-1] == {"prompt": prompt, "index_ids": indexes}


def test_pings_keep_a_quiet_stream_alive(web: Web) -> None:
    pause = threading.Event()

    def handler(_request: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN)
        for _ in range(10):
            connection.sendall(b": ping\n\n")
            pause.wait(0.1)
        connection.sendall(frame(STOP))

    with ask(web.source(for_prompts(handler), timeout=0.6)) as stream:
        assert plain(stream) == [STOP]


@pytest.mark.parametrize("drips", [False, True], ids=["stall", "no whole line"])
def test_a_stall_ends_with_the_time_that_it_was_given(web: Web, *, drips: bool) -> None:
    pause = threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN + frame(TURN[0]))
        while drips:
            connection.sendall(b"x")
            pause.wait(0.05)
        connection.recv(1)

    with ask(web.source(for_prompts(handler), timeout=0.5)) as stream:
        come, error = interrupted(stream)
    assert come == TURN[:1]
    assert "in time" in str(error)


def test_a_slow_reader_loses_nothing(web: Web) -> None:
    pause = threading.Event()
    with ask(web.source(api_of(*TURN), timeout=0.5)) as stream:
        come = []
        for event in stream:
            come.append(event.as_object())
            pause.wait(0.3)
    assert come == TURN


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"limits": replay.Limits(event_bytes=20)}, replay.LimitExceededError),
        ({"strict": True}, replay.DecodeError),
    ],
)
def test_what_may_not_be_read_ends_the_stream_with_its_place(
    web: Web, options: dict[str, object], error: type[replay.DecodeError]
) -> None:
    server = web.serve(api_of({"type": "new", "content": "x" * 100}, STOP))
    with ask(web.source(server, **options)) as stream:
        with pytest.raises(error) as caught:
            next(stream)
        assert caught.value.source == f"{server.url}/api/v1/chat/ses-1/messages/stream"


def test_bad_frames_are_left_out_and_told(web: Web) -> None:
    api = api_of(*TURN)
    api.turn.insert(1, b'data: {"a@example.org": oops\n\n')
    with ask(web.source(api)) as stream:
        assert plain(stream) == TURN
        (told,) = stream.diagnostics
    assert (told.code, "a@example.org" in str(told)) == ("bad-frame", True)
    with ask(web.source(api), rewrite=lambda shown: shown) as stream:
        assert plain(stream) == TURN
        (told,) = stream.diagnostics
    assert (told.code, "a@example.org" in str(told)) == ("bad-frame", False)


def test_leaving_early_hangs_up(web: Web) -> None:
    hung_up = threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN + frame(TURN[0]))
        if connection.recv(1) == b"":
            hung_up.set()

    with ask(web.source(for_prompts(handler))) as stream:
        next(stream)
    assert hung_up.wait(PATIENCE)
    stream.close()
    assert [*stream] == []


@pytest.mark.parametrize("start", [ENDLESS, PLAIN])
def test_another_thread_may_close_a_stream_that_is_waited_for(
    web: Web, tmp_path: Path, start: bytes
) -> None:
    def handler(_: Request, connection: socket.socket) -> None:
        wrap = chunk if start == ENDLESS else bytes
        connection.sendall(start + wrap(frame(TURN[0])))
        connection.recv(1)

    come: list[Event] = []
    errors: list[BaseException] = []
    first = threading.Event()

    def read() -> None:
        try:
            for event in stream:
                come.append(event)
                first.set()
        except replay.StreamInterruptedError as error:
            errors.append(error)

    stream = ask(web.source(for_prompts(handler)), record_to=tmp_path)
    thread = threading.Thread(target=read)
    thread.start()
    assert first.wait(PATIENCE)
    stream.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(errors) == 1
    assert come == [TextDelta("It ")]
    assert replay.load(tmp_path / "ses-1.jsonl").events[1:] == tuple(come)


def test_a_signal_may_close_a_stream_that_is_waited_for(web: Web) -> None:
    closed = threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN)
        assert is_ready.wait(PATIENCE)
        while not closed.wait(0.01):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def close(_: int, frame: FrameType | None) -> None:
        while frame and frame.f_code.co_name != "_arriving":
            frame = frame.f_back
        if frame:  # it is waited for
            stream.close()
            closed.set()

    is_ready = threading.Event()
    stream = ask(web.source(for_prompts(handler)))
    before = signal.signal(signal.SIGUSR1, close)
    try:
        is_ready.set()
        come, _ = interrupted(stream)
    finally:
        closed.set()
        signal.signal(signal.SIGUSR1, before)
    assert come == []


FLAT = """
import resource, sys, replay
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with replay.open(sys.argv[1], api_key="llx-0") as source:
    with source.stream("ses-1", "Why?", ["i"]) as stream:
        for count, event in enumerate(stream, 1):
            if count == 1000:
                before = most()
    print(count, (most() - before) // 1024)
"""


@pytest.mark.slow
def test_memory_stays_flat_over_100_000_events(web: Web) -> None:
    def handler(_request: Request, connection: socket.socket) -> None:
        connection.sendall(PLAIN)
        many = frame(delta("some words of an answer")) * 100
        for _ in range(1000):
            connection.sendall(many)
        connection.sendall(frame(STOP))

    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", FLAT, web.serve(for_prompts(handler)).url],
        capture_output=True,
        check=True,
        timeout=120,
    )
    count, megabytes = map(int, done.stdout.split())
    assert count == 100_001
    assert megabytes < 4


def test_a_rewritten_turn_shows_each_event_once_with_what_was_held_back(
    web: Web,
) -> None:
    turn = [delta("d@exam"), delta("ple.org"), STOP]
    api = broken(PLAIN + frame(turn[0]), user_input("to b@example.org?"), *turn)
    api.documents = {"c@example.org": document("c@example.org")}
    source = web.source(api)
    asked = ("c@example.org", "to b@example.org?", ["idx-1"])
    with source.stream(*asked, rewrite=Redactor().session) as stream:
        assert stream.session_id == "<EMAIL_1>"
        assert stream.user_input == UserInput("to <EMAIL_2>?")
        come, _ = interrupted(stream)
        assert come + plain(stream.rest()) == [delta("<EMAIL_3>"), delta(""), STOP]


def test_a_rewritten_turn_without_its_user_input_is_refused(web: Web) -> None:
    def emptied(session: Session) -> Session:
        return attrs.evolve(session, events=[])

    with pytest.raises(
        replay.PluginError, match="'emptied': a turn begins with a user input"
    ):
        ask(web.source(api_of(*TURN)), rewrite=emptied)
