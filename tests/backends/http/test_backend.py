"""The HTTP backend as its users see it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

import replay
from chat_api import ChatAPI, delta, document
from file_room import room_for
from http_server import KEY, Server, always, json_answer
from replay.errors import (
    AuthError,
    BackendError,
    DecodeError,
    SessionNotFoundError,
    UnknownNameError,
)
from replay.sources.protocols import Backend
from replay.testing import BackendContract
from replay_backends.http import HTTPBackend

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]


class TestAgainstTheContract(BackendContract):
    @pytest.fixture
    def backend(self, serve: Serve) -> Backend:
        sessions = [document(f"ses-{each}", delta("a"), delta("b")) for each in "abc/."]
        return HTTPBackend(serve(ChatAPI(sessions)).url)


def test_a_session_is_what_the_service_has(serve: Serve, source_of: Open) -> None:
    session = document("ses-1", delta("a"), {"type": "new", "x": 2**70}, extra=[1])
    source = source_of(serve(always(json_answer(session))))
    assert replay.loads(replay.dumps(source.session("ses-1"))) == source.session(
        "ses-1"
    )
    assert source.session("ses-1").as_object() == {**session, "events": None}


@pytest.mark.slow
def test_the_corpus_comes_through_unchanged(
    serve: Serve, source_of: Open, shared: Path
) -> None:
    paths = sorted((shared / "corpus" / "sessions").glob("*.json"))
    ours = [replay.load(path) for path in paths]
    documents = [
        {**each.as_object(), "events": [event.as_object() for event in each.events]}
        for each in ours
    ]
    source = source_of(serve(ChatAPI(documents, page_size=50)))
    assert [replay.dumps(each) for each in source] == [
        replay.dumps(each) for each in ours
    ]


def test_the_key_is_sent(serve: Serve, source_of: Open) -> None:
    server = serve(always(json_answer(document("ses-1"))))
    source_of(server).session("ses-1")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_project_and_organization_are_part_of_every_request(
    serve: Serve, source_of: Open
) -> None:
    server = serve(ChatAPI([document("ses-1")]))
    source = source_of(server, project_id="p 1", organization_id="o")
    [*source.summaries()]
    source.session("ses-1")
    targets = [request.target.partition("?")[2] for request in server.requests]
    assert targets == ["project_id=p+1&organization_id=o"] * 2


def test_one_connection_is_used_again(serve: Serve, source_of: Open) -> None:
    server = serve(ChatAPI([document("ses-1")]))
    source = source_of(server)
    for _ in range(5):
        source.session("ses-1")
    assert server.connections == 1


@pytest.mark.parametrize("session_id", ["", ".", ".."])
def test_an_id_that_would_lead_elsewhere_is_refused_unsent(
    serve: Serve, source_of: Open, session_id: str
) -> None:
    server = serve(ChatAPI([]))
    with pytest.raises(SessionNotFoundError):
        source_of(server).session(session_id)
    with pytest.raises(SessionNotFoundError):
        source_of(server).stream(session_id, "Why?", ["idx"])
    assert not server.requests


@pytest.mark.parametrize(
    "session_id",
    ["a/b", "../x", "a?b=c", "a#b", "a%2Fb", "%2e%2e", "a b", "ü", "\\", "a;b"],
)
def test_any_other_id_is_quoted_whole(
    serve: Serve, source_of: Open, session_id: str
) -> None:
    server = serve(ChatAPI([document(session_id)]))
    assert source_of(server).session(session_id).session_id == session_id
    assert unquote(server.requests[0].path.rpartition("/")[2]) == session_id


@pytest.mark.parametrize("location", ["https:", "http:"])
def test_a_scheme_alone_is_no_location(location: str) -> None:
    with pytest.raises(BackendError, match="this is no URL"):
        replay.open(location, api_key=KEY)


def test_without_a_key_nothing_is_sent_to_another_machine() -> None:
    with pytest.raises(AuthError) as caught:
        replay.open("llamacloud:")
    assert "LLAMA_CLOUD_API_KEY or LLAMA_PARSE_API_KEY" in caught.value.hint


def test_this_machine_may_be_asked_without_a_key(serve: Serve, source_of: Open) -> None:
    server = serve(ChatAPI([document("ses-1")]))
    source_of(server, api_key=None).session("ses-1")
    assert "authorization" not in server.requests[0].headers


def test_an_unknown_option_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'timeout'"):
        replay.open("llamacloud:", tmeout=1)


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"concurrency": 0}, {"retries": -1}]
)
def test_an_option_out_of_range_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(BackendError):
        replay.open("llamacloud:", api_key=KEY, **options)


@pytest.mark.parametrize(
    "value", [[], {"detail": "?"}, {"type": "text", "content": "a"}]
)
def test_what_is_no_session_is_refused_with_its_url(
    serve: Serve, source_of: Open, value: object
) -> None:
    server = serve(always(json_answer(value)))
    with pytest.raises(DecodeError, match=r"localhost.*/chat/ses-1: \$"):
        source_of(server).session("ses-1")


def test_a_strict_source_refuses_unknown_events(serve: Serve, source_of: Open) -> None:
    server = serve(always(json_answer(document("ses-1", {"type": "new"}))))
    with pytest.raises(DecodeError, match="new"):
        source_of(server, strict=True).session("ses-1")


def test_opening_a_file_imports_no_requests(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    code = (
        "import sys, replay; replay.load(sys.argv[1]); replay.load('-');"
        "assert 'requests' not in sys.modules and 'urllib3' not in sys.modules"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, tmp_path / "a.json"],
        input=b"[]",
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_body_that_there_is_no_room_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, source_of: Open
) -> None:
    monkeypatch.setattr("replay_backends.http.client._IN_MEMORY", 10)
    server = serve(always(json_answer(document("ses-1", delta("a" * 100_000)))))
    with room_for(1000), pytest.raises(BackendError, match="file too large"):
        source_of(server).session("ses-1")


def test_a_body_may_be_read_from_a_file(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, source_of: Open
) -> None:
    monkeypatch.setattr("replay_backends.http.client._IN_MEMORY", 10)
    server = serve(always(json_answer(document("ses-1", delta("a" * 100_000)))))
    (event,) = source_of(server).session("ses-1").events
    assert event == replay.TextDelta("a" * 100_000)
