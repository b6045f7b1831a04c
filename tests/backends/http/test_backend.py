"""The HTTP backend, as its users see it."""

import io
import itertools
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

import replay
from chat_api import PREFIX, ChatAPI, delta, document
from file_room import room_for
from http_server import (
    KEY,
    Handler,
    Request,
    Web,
    always,
    answer,
    in_turn,
    json_answer,
)
from replay import SessionSummary
from replay.codec.stored_history import KEPT_IN_MEMORY, StoredEvents
from replay.model.limits import Limits
from replay.sources.protocols import Backend, Portion
from replay.testing import BackendContract
from replay_backends.files.read_options import ReadOptions
from replay_backends.http import HTTPBackend, LlamaCloudBackend, LlamaCloudEUBackend
from replay_backends.http.session_list import ids_in, portions_of, session_of
from replay_backends.ordered_fetch import in_order
from replay_command import Run


class TestAgainstTheContract(BackendContract):
    @pytest.fixture
    def backend(self, web: Web) -> Backend:
        sessions = [document(f"ses-{each}", delta("a"), delta("b")) for each in "abc/."]
        return HTTPBackend(web.serve(ChatAPI(sessions)).url)


def test_a_session_is_what_the_service_has(web: Web) -> None:
    session = document("ses-1", delta("a"), {"type": "new", "x": 2**70}, extra=[1])
    source = web.source(always(json_answer(session)))
    assert replay.loads(replay.dumps(source.session("ses-1"))) == source.session(
        "ses-1"
    )
    assert source.session("ses-1").as_object() == {**session, "events": None}


def test_the_key_is_sent_and_this_machine_may_be_asked_without(web: Web) -> None:
    server = web.serve(always(json_answer(document("ses-1"))))
    web.source(server).session("ses-1")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    web.source(server, api_key=None).session("ses-1")
    assert "authorization" not in server.requests[1].headers


def test_project_and_organization_are_part_of_every_request(web: Web) -> None:
    server = web.serve(ChatAPI([document("ses-1")]))
    source = web.source(server, project_id="p 1", organization_id="o")
    [*source.summaries()]
    for _ in range(4):
        source.session("ses-1")
    targets = [request.target.partition("?")[2] for request in server.requests]
    assert targets == ["project_id=p+1&organization_id=o"] * 5
    assert server.connections == 1


def test_an_id_that_would_lead_elsewhere_is_refused_unsent(web: Web) -> None:
    server = web.serve(ChatAPI([]))
    for session_id in ("", ".", ".."):
        with pytest.raises(replay.SessionNotFoundError):
            web.source(server).session(session_id)
        with pytest.raises(replay.SessionNotFoundError):
            web.source(server).stream(session_id, "Why?", ["idx"])
    assert not server.requests


def test_any_other_id_is_quoted_whole(web: Web) -> None:
    ids = ["a/b", "../x", "a?b=c", "a#b", "a%2Fb", "%2e%2e", "a b", "ü", "\\", "a;b"]
    server = web.serve(ChatAPI(map(document, ids)))
    source = web.source(server)
    assert [source.session(each).session_id for each in ids] == ids
    sent = [unquote(each.path.rpartition("/")[2]) for each in server.requests]
    assert sent == ids


def test_a_location_or_option_that_cannot_be_used_is_refused() -> None:
    for location in ("https:", "http:"):
        with pytest.raises(replay.BackendError, match="isn't an http"):
            replay.open(location, api_key=KEY)
    options: list[dict[str, object]] = [{"concurrency": 0}, {"retries": -1}]
    for each in options:
        with pytest.raises(replay.BackendError):
            replay.open("llamacloud:", api_key=KEY, **each)
    with pytest.raises(replay.UnknownNameError, match="did you mean 'timeout'"):
        replay.open("llamacloud:", tmeout=1)


def test_without_a_key_nothing_is_sent_to_another_machine() -> None:
    with pytest.raises(replay.AuthError) as caught:
        replay.open("llamacloud:")
    assert "LLAMA_CLOUD_API_KEY or LLAMA_PARSE_API_KEY" in caught.value.hint


def test_a_command_without_a_key_is_told_of_nothing_that_it_cannot_take(
    run: Run,
) -> None:
    said = run("ls", "llamacloud:").stderr
    assert said.strip().endswith(
        "(set LLAMA_CLOUD_API_KEY or LLAMA_PARSE_API_KEY; in Python, api_key= will do)"
    )
    said = run("ls", "http://example.com", env={"LLAMA_CLOUD_API_KEY": KEY}).stderr
    assert said.strip().endswith("(use https; in Python, allow_plain_http=True)")


def test_what_is_no_session_is_refused_with_its_url(web: Web) -> None:
    values: list[object] = [[], {"detail": "?"}, {"type": "text", "content": "a"}]
    for value in values:
        server = web.serve(always(json_answer(value)))
        with pytest.raises(replay.DecodeError, match=r"localhost.*/chat/ses-1: \$"):
            web.source(server).session("ses-1")
    server = web.serve(always(json_answer(document("ses-1", {"type": "new"}))))
    with pytest.raises(replay.DecodeError, match="new"):
        web.source(server, strict=True).session("ses-1")


@pytest.mark.parametrize("other", ["ses-2", "SES-1", "", "x" * 100_000])
def test_another_session_than_the_one_asked_for_is_refused(
    web: Web, waits: list[float], other: str
) -> None:
    server = web.serve(always(json_answer(document(other, delta("a secret")))))
    source = web.source(server)
    with pytest.raises(replay.DecodeError, match=r"session_id: expected 'ses-1', not"):
        source.session("ses-1")
    with pytest.raises(replay.DecodeError) as caught:
        source.stream("ses-1", "Why?", ["idx"])
    assert len(str(caught.value)) < 400
    assert "x" * 9 not in str(caught.value)  # a cut secret cannot be redacted
    assert {each.method for each in server.requests} == {"GET"}
    assert len(server.requests) == 4  # it is asked for once more each time
    assert len(waits) == 2


def test_a_session_without_an_id_is_the_one_asked_for(web: Web) -> None:
    header = document("ses-1")
    del header["session_id"]
    source = web.source(always(json_answer(header)))
    assert source.session("ses-1").session_id == "ses-1"


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


def test_a_body_may_be_read_from_a_file_if_there_is_room_for_it(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    monkeypatch.setattr("replay_backends.http.client._IN_MEMORY", 10)
    server = web.serve(always(json_answer(document("ses-1", delta("a" * 100_000)))))
    (event,) = web.source(server).session("ses-1").events
    assert event == replay.TextDelta("a" * 100_000)
    with room_for(1000), pytest.raises(replay.BackendError, match="file too large"):
        web.source(server).session("ses-1")


HOME = "https://api.cloud.llamaindex.ai/api/v1"


def base_of(backend: HTTPBackend) -> str:
    return backend._client.base  # noqa: SLF001 - nothing else says it unasked


def test_the_environment_has_the_key_and_the_server(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    server = web.serve(ChatAPI([document("ses-1")]))
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "")
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", KEY)
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", server.url)
    with replay.open("llamacloud:") as source:
        assert [each.session_id for each in source.summaries()] == ["ses-1"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_location_says_where_the_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bases = {
        "llamacloud:": HOME,
        "llamacloud-eu:": "https://api.cloud.eu.llamaindex.ai/api/v1",
        "llamacloud:api.example.com": "https://api.example.com/api/v1",
        "https://api.cloud.llamaindex.ai": HOME,
        "https://api.cloud.llamaindex.ai/api/v1/": HOME,
    }
    for location, base in bases.items():
        with replay.open(location, api_key=KEY) as source:
            assert isinstance(source.backend, HTTPBackend)
            assert base_of(source.backend) == base
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", "https://elsewhere.example.com")
    assert "api.cloud.eu" in base_of(LlamaCloudEUBackend(api_key=KEY))
    assert "elsewhere" in base_of(LlamaCloudBackend(api_key=KEY))


def test_some_dozens_are_a_portion() -> None:
    summaries = [SessionSummary(f"ses-{number}") for number in range(150)]
    portions = [*portions_of(summaries)]
    assert [portion.sessions for portion in portions] == [64, 64, 22]
    ids = [each for portion in portions for each in ids_in(portion, "here")]
    assert ids == [summary.session_id for summary in summaries]


def test_a_portion_of_something_else_is_refused() -> None:
    keys: list[tuple[str | int, ...]] = [(), ("a", 7)]
    for key in keys:
        with pytest.raises(replay.BackendError, match="here: it has no portion"):
            ids_in(Portion(key, 1), "here")


def test_one_that_cannot_be_had_does_not_keep_the_others_away(web: Web) -> None:
    api = ChatAPI([document(f"ses-{each}", delta(each)) for each in "abc"])
    with web.source(api) as source:
        portion = Portion(("ses-a", "ses-gone", "ses-c"), 1, 3)
        first, gone, last = source.stored(portion)
        assert first.read().session_id == "ses-a"
        assert last.read().session_id == "ses-c"
        with pytest.raises(replay.SessionNotFoundError, match="ses-gone"):
            gone.read()


def test_a_session_that_has_changed_has_another_digest(web: Web) -> None:
    digests = set()
    for text in ("a", "a", "b"):
        with web.source(ChatAPI([document("ses-a", delta(text))])) as source:
            (portion,) = source.portions()
            (stored,) = source.stored(portion)
            digests.add(stored.digest)
    assert len(digests) == 2


PATIENCE = 60


class EightAtOnce(ChatAPI):
    """A service that answers eight requests for sessions at once, or none."""

    gate = threading.Barrier(8)

    def __call__(self, request: Request, connection: socket.socket) -> bool:
        if request.path.count("/") > PREFIX.count("/"):
            self.gate.wait(PATIENCE)
        return super().__call__(request, connection)


def test_eight_sessions_are_asked_for_at_once(web: Web) -> None:
    ids = [f"ses-{number}" for number in range(80)]
    source = web.source(EightAtOnce(map(document, ids), page_size=100))
    assert [each.session_id for each in source.sessions()] == ids


def test_only_so_many_are_under_way_at_once() -> None:
    under_way: set[int] = set()
    most = 0
    both = threading.Barrier(3)

    def fetch(key: int) -> int:
        nonlocal most
        under_way.add(key)
        most = max(most, len(under_way))
        both.wait(PATIENCE)
        under_way.discard(key)
        return key

    assert len([*in_order(fetch, range(9), 3)]) == 9
    assert most == 3


def test_keys_are_read_only_a_little_ahead() -> None:
    read: list[int] = []

    def keys() -> Iterator[int]:
        for key in range(1000):
            read.append(key)
            yield key

    results = in_order(lambda key: key, keys(), 2)
    for _ in range(10):
        next(results)
    assert len(read) == 13


def test_an_error_of_the_keys_comes_in_its_turn() -> None:
    def keys() -> Iterator[int]:
        yield from range(3)
        raise error

    error = replay.BackendError("here", "no more pages")
    found = in_order(lambda key: key, keys(), 4)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(replay.BackendError, match="no more pages"):
        next(found)


def test_a_session_that_cannot_be_had_is_an_error_in_its_turn(web: Web) -> None:
    class Lacking(ChatAPI):
        def _answer(self, request: Request) -> bytes:
            if request.path.endswith("/c"):
                return answer(b"", 403, close=False)
            return super()._answer(request)

    sessions = web.source(Lacking(map(document, "abcde"))).sessions()
    assert [next(sessions).session_id for _ in range(2)] == ["a", "b"]
    with pytest.raises(replay.PermissionDeniedError):
        next(sessions)
    assert [each.session_id for each in sessions] == ["d", "e"]


class FirstOnly(ChatAPI):
    """A service that sends the first session once all others being fetched wait."""

    sent = b""  #: to waiting requests; then nothing
    others = threading.Semaphore(0)

    def __call__(self, request: Request, connection: socket.socket) -> bool:
        if request.path.endswith("/first"):
            for _ in range(3):
                assert self.others.acquire(timeout=PATIENCE)
        elif request.path != PREFIX:
            connection.sendall(self.sent)
            self.others.release()
            return bool(self.sent) or connection.recv(1) != b""
        return super().__call__(request, connection)


@pytest.mark.parametrize(
    "sent", [b"", answer(b"", 503, "Retry-After: 50", close=False)]
)
def test_a_reader_that_has_seen_enough_waits_for_no_session(
    web: Web, sent: bytes
) -> None:
    api = FirstOnly(map(document, ["first", *"bcdefg"]), page_size=9)
    api.sent = sent
    server = web.serve(api)
    before = {*threading.enumerate()}
    for session in web.source(server, timeout=100.0, concurrency=4).sessions():
        assert session.session_id == "first"
        break
    for thread in {*threading.enumerate()} - before:
        if thread.name.startswith("chat-replay"):
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert len(server.requests) <= 6  # the list, four sessions, and one more


def page(*ids: str, **more: object) -> bytes:
    items = [{k: v for k, v in document(i).items() if k != "events"} for i in ids]
    return json_answer({"items": items, **more})


def ids_of(source: replay.Source) -> list[str]:
    return [each.session_id for each in source.summaries()]


def test_pages_are_asked_for_when_they_are_needed(web: Web) -> None:
    ids = [f"ses-{number}" for number in range(7)]
    server = web.serve(ChatAPI(map(document, ids), page_size=3))
    summaries = web.source(server).summaries()
    assert next(summaries).session_id == "ses-0"
    assert len(server.requests) == 1
    assert [each.session_id for each in summaries] == ids[1:]
    assert [*web.source(server, page_size=4).summaries()]
    assert [request.target.partition("chat")[2] for request in server.requests] == [
        *("", "?page_token=3", "?page_token=6"),
        *("?page_size=4", "?page_size=4&page_token=4"),
    ]


def test_the_last_page_names_no_next_one_whether_or_not_it_is_empty(web: Web) -> None:
    lasts: list[dict[str, object]] = [{}, {"next_page_token": None}]
    lasts.append({"next_page_token": ""})
    for more in lasts:
        pages = [
            page("a", next_page_token="a b+/=&ü"),  # noqa: S106 - no password
            page(next_page_token="2"),  # noqa: S106 - no password
            page("b", **more),
        ]
        server = web.serve(in_turn(*pages))
        assert ids_of(web.source(server)) == ["a", "b"]
        assert len(server.requests) == 3
        token = server.requests[1].target.partition("page_token=")[2]
        assert token == "a+b%2B%2F%3D%26%C3%BC"  # noqa: S105 - no password


def test_pages_that_go_round_in_a_circle_end(web: Web) -> None:
    server = web.serve(always(page("a", next_page_token="t")))  # noqa: S106 - no password
    with pytest.raises(replay.BadResponseError, match="repeat in a circle"):
        ids_of(web.source(server))
    assert len(server.requests) == 2


@pytest.mark.parametrize(("empty", "is_enough"), [(99, True), (100, False)])
def test_empty_pages_without_end_are_an_error(
    web: Web, empty: int, *, is_enough: bool
) -> None:
    empties = [page(next_page_token=f"t{number}") for number in range(empty)]
    server = web.serve(in_turn(page("a", next_page_token="t"), *empties, page("b")))  # noqa: S106 - no password
    summaries = web.source(server).summaries()
    assert next(summaries).session_id == "a"
    if is_enough:
        assert [each.session_id for each in summaries] == ["b"]
    else:
        with pytest.raises(replay.BadResponseError, match="100 empty pages"):
            next(summaries)


def counting(*ids: str) -> Handler:
    """Return a handler that lists the same page again and again, or a new one each."""
    numbers = itertools.count()

    def handler(_: Request, connection: socket.socket) -> None:
        number = next(numbers)
        listed = ids or (f"ses-{number}",)
        connection.sendall(page(*listed, next_page_token=f"t{number}"))

    return handler


def test_a_page_that_repeats_without_end_is_an_error(web: Web) -> None:
    server = web.serve(counting("a", "b"))
    with pytest.raises(replay.BadResponseError, match="100 empty pages, or repeated"):
        ids_of(web.source(server))
    assert len(server.requests) == 101


def test_pages_without_end_are_an_error(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    monkeypatch.setattr("replay_backends.http.session_list._MOST_PAGES", 150)
    summaries = web.source(counting()).summaries()
    assert len([next(summaries) for _ in range(150)]) == 150
    with pytest.raises(replay.BadResponseError, match="more than 150 pages") as caught:
        next(summaries)
    assert caught.value.hint == "in Python, raise page_size="


def test_what_is_no_list_of_sessions_is_refused(web: Web) -> None:
    odd = {"session_id": "a", "generated_title": 5}
    refused: list[tuple[object, str]] = [
        *(([], "$.items"), ({}, "$.items"), ({"items": {}}, "$.items")),
        *(({"items": [each]}, "$.items[0]") for each in (5, {"generated_title": "x"})),
        ({"items": [{"session_id": 5}]}, "$.items[0]"),
        ({"items": [{"session_id": "a"}, odd]}, "$.items[1].generated_title"),
        ({"items": [], "next_page_token": 5}, "$.next_page_token"),
    ]
    for value, where in refused:
        with pytest.raises(replay.DecodeError) as caught:
            ids_of(web.source(always(json_answer(value))))
        assert f"/chat: {where}: " in str(caught.value)


@pytest.mark.parametrize("deltas", [3, KEPT_IN_MEMORY // 100])
def test_a_session_can_be_walked_when_its_body_is_gone(deltas: int) -> None:
    options = ReadOptions(strict=False, limits=Limits())
    body = json.dumps(document("ses-1", *[delta("a" * 100)] * deltas)).encode()
    with io.BytesIO(body) as file:
        session = session_of(file, "the-url", "ses-1", options)
    assert isinstance(session.events, StoredEvents) == (deltas > 3)
    assert len(list(session.events)) == deltas
