"""Our client, our server and the official SDK together, over loopback."""

import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from llama_cloud import LlamaCloud

import replay
from replay import (
    BackendError,
    BackendUnavailableError,
    BadResponseError,
    LimitExceededError,
    Limits,
    ReplayEngine,
    Session,
    StreamInterruptedError,
    UnsafeRedirectError,
)
from replay.codec.stored_history import StoredEvents
from replay.testing.server.faults import NAMES
from replay.testing.server.server import LlamaCloudServer
from replay.testing.server.settings import ServerSettings
from replay_backends.http import HTTPBackend
from spying import Spy

pytestmark = pytest.mark.slow

Serve = Callable[..., LlamaCloudServer]
TURN: list[dict[str, Any]] = [
    {"type": "user_input", "content": "Q?"},
    {"type": "text_delta", "content": "Grüße, "},
    {"type": "text_delta", "content": "世界."},
    {"type": "text", "content": "Grüße, 世界."},
    {"type": "stop", "usage": {}, "is_error": False, "error": None},
]
PROMPT = ("ses-1", "Q?", ["idx-1"])


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a server, by default of one session."""
    path = tmp_path / "sessions" / "ses-1.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"session_id": "ses-1", "events": TURN}))
    with ExitStack() as stack:

        def start(location: Path = path, **settings: Any) -> LlamaCloudServer:  # noqa: ANN401 - those of ServerSettings
            server = LlamaCloudServer(location, ServerSettings(**settings))
            return stack.enter_context(server)

        yield start


def test_our_client_reads_what_the_official_one_reads(
    serve: Serve, shared: Path
) -> None:
    server = serve(shared / "corpus" / "sessions")
    with (
        replay.open(server.url) as source,
        LlamaCloud(api_key="any", base_url=server.url) as client,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        ours = {each.session_id: each for each in source}
        assert len(ours) == 217
        for session_id, session in ours.items():
            retrieved = client.beta.chat.retrieve(session_id).to_dict()
            assert json.loads(replay.dumps(session)) == retrieved
            raw = client.chat.with_raw_response.retrieve(session_id)
            assert replay.loads(raw.http_response.content).events == session.events


#: Our client's error for each fault that happens once; None: it recovers.
FAULTS: dict[str, type[BackendError | LimitExceededError] | None] = {
    "429=0.01": None,
    "500=0.01": None,
    "503=0.01": None,
    "404": replay.SessionNotFoundError,
    "401": replay.AuthError,
    "close": None,
    "reset": None,
    "truncate": None,
    "bad-chunk": None,
    "wrong-length": None,
    "garbage": BackendError,
    "captive-portal": BadResponseError,
    "redirect=http://127.0.0.2:1/": UnsafeRedirectError,
    "gzip=300000000": LimitExceededError,
    "encodings=6": BackendError,
    "two-lengths": BackendError,
    "large-header=70000": BackendError,
    "many-headers=200": BackendError,
    "stall=30": BackendUnavailableError,
    "drip=0.25": BackendUnavailableError,
    "drip-headers=0.25": BackendUnavailableError,
}


def test_every_fault_of_the_server_is_tried() -> None:
    tried = {fault.partition("=")[0] for fault in FAULTS}
    assert set(NAMES) - tried == {"duplicate-final", "no-stop"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_recovery_or_in_its_error(serve: Serve, fault: str) -> None:
    server = serve()
    expected = FAULTS[fault]
    timeout = 1.0 if fault.startswith(("stall", "drip")) else 60.0
    limits = Limits(response_bytes=1 << 20)
    with replay.open(server.url, timeout=timeout, limits=limits) as source:
        server.fail_next(fault)
        if expected is None:
            session = source.session("ses-1")
            assert [each.as_object() for each in session.events] == TURN
        else:
            with pytest.raises(expected):
                source.session("ses-1")
    asked = [each.path for each in server.requests if each.path.endswith("ses-1")]
    assert len(asked) <= 2


@pytest.mark.parametrize("fault", ["reset", "truncate", "close", "stall=30"])
def test_a_turn_that_breaks_off_goes_on_with_what_the_service_has(
    serve: Serve, fault: str
) -> None:
    server = serve()
    faults = [fault]

    class FailingPrompt(HTTPBackend):
        def session(self, session_id: str) -> replay.Session:
            found = super().session(session_id)
            if faults:  # the next request is the prompt
                server.fail_next(faults.pop())
            return found

    spy, expected = Spy(), Spy()
    timeout = 3.0 if fault.startswith("stall") else 60.0
    backend = FailingPrompt(server.url, timeout=timeout)
    with closing(backend), backend.stream(*PROMPT) as stream:
        report = ReplayEngine([spy]).replay_live(stream, reconcile=True)
    ReplayEngine([expected]).replay(replay.loads(json.dumps(TURN)))
    assert report.outcome == "complete"
    assert spy.first_arguments("replay_text") == expected.first_arguments("replay_text")
    posted = [each for each in server.requests if each.method == "POST"]
    assert len(posted) == 1


def test_a_turn_without_a_stop_breaks_off(serve: Serve) -> None:
    server = serve()
    server.fail_next("no-stop")
    with (
        replay.open(server.url) as source,
        source.stream(*PROMPT) as stream,
        pytest.raises(StreamInterruptedError, match="without a stop"),
    ):
        ReplayEngine().replay_live(stream)


def test_a_final_that_comes_twice_is_one_message(serve: Serve) -> None:
    server = serve()
    server.fail_next("duplicate-final")
    with replay.open(server.url) as source, source.stream(*PROMPT) as stream:
        report = ReplayEngine().replay_live(stream)
    assert report.messages == {"text": 1}
    assert report.diagnostics == {"repeated-full": 1, "repeated-stop": 1}


def test_an_event_reaches_a_hook_before_the_next_is_sent(
    serve: Serve, tmp_path: Path
) -> None:
    sessions = tmp_path / "sessions"
    (sessions / "ses-1.arrivals").write_text("0.0\n0.0\n2.0\n2.0\n2.0\n")
    server = serve(sessions, speed=1.0)
    heard: list[float] = []
    plugin = {"text_delta": lambda event: heard.append(event and time.monotonic())}
    with replay.open(server.url) as source, source.stream(*PROMPT) as stream:
        ReplayEngine([plugin]).replay_live(stream)
    (posted,) = [each for each in server.requests if each.method == "POST"]
    assert posted.sent_at[0] <= heard[0] < posted.sent_at[1]


def test_a_live_turn_is_told_as_its_recording_is(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    live, recorded = Spy(), Spy()
    with (
        replay.open(server.url) as source,
        source.stream(*PROMPT, record_to=tmp_path / "live") as stream,
    ):
        ReplayEngine([live]).replay_live(stream)
    session = replay.load(tmp_path / "live")
    ReplayEngine([recorded]).replay(session)
    assert isinstance(session, Session)
    assert live.names() == recorded.names()
    assert live.first_arguments("replay_event") == recorded.first_arguments(
        "replay_event"
    )
    assert live.first_arguments("replay_turn_end") == recorded.first_arguments(
        "replay_turn_end"
    )


def test_a_recorded_turn_is_served_again_at_its_own_pace(
    serve: Serve, tmp_path: Path
) -> None:
    first = serve()
    with (
        replay.open(first.url) as source,
        source.stream(*PROMPT, record_to=tmp_path / "live") as stream,
    ):
        events = list(stream)
    second = serve(tmp_path / "live", speed=10.0)
    with replay.open(second.url) as source, source.stream(*PROMPT) as stream:
        assert list(stream) == events


def test_a_large_session_comes_whole_and_can_be_walked_again(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "large.json"
    path.write_text(json.dumps({"session_id": "large", "events": TURN * 60_000}))
    server = serve(path)
    with replay.open(server.url) as source:
        session = source.session("large")
    assert isinstance(session.events, StoredEvents)
    assert session.events == replay.load(path).events
