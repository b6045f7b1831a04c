"""Many sessions at once."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

import replay
from chat_api import PREFIX, ChatAPI, document
from http_server import Request, Server, answer
from replay_backends.fetching import in_order

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]
PATIENCE = 10


def nothing() -> None:
    """Do nothing."""


def test_results_come_in_the_order_of_their_keys() -> None:
    last = threading.Event()

    def fetch(key: int) -> int:
        if key == 0:
            assert last.wait(PATIENCE)
        if key == 3:
            last.set()
        return key * 2

    assert [*in_order(fetch, range(9), 4, nothing)] == [key * 2 for key in range(9)]


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

    assert len([*in_order(fetch, range(9), 3, nothing)]) == 9
    assert most == 3


def test_keys_are_read_only_a_little_ahead() -> None:
    read: list[int] = []

    def keys() -> Iterator[int]:
        for key in range(1000):
            read.append(key)
            yield key

    results = in_order(lambda key: key, keys(), 2, nothing)
    for _ in range(10):
        next(results)
    assert len(read) == 13


def test_an_error_comes_in_its_turn() -> None:
    def fetch(key: int) -> float:
        return 1 / (3 - key)

    results = in_order(fetch, range(9), 4, nothing)
    assert [next(results) for _ in range(3)] == [1 / 3, 1 / 2, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_error_of_the_keys_comes_after_the_results_of_those_before() -> None:
    def keys() -> Iterator[int]:
        yield from range(3)
        raise error

    error = replay.BackendError("here", "no more pages")
    results = in_order(lambda key: key, keys(), 4, nothing)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(replay.BackendError, match="no more pages"):
        next(results)


def test_a_reader_that_has_seen_enough_ends_it() -> None:
    fetched: list[int] = []
    ends: list[bool] = []
    results = in_order(fetched.append, range(1000), 2, lambda: ends.append(True))
    next(results)
    assert not ends
    results.close()  # type: ignore[attr-defined]  # a generator
    assert len(fetched) < 10
    assert ends == [True]


def test_no_key_gives_nothing() -> None:
    assert [*in_order(str, [], 3, nothing)] == []


class EightAtOnce(ChatAPI):
    """Answers eight requests for sessions at once, or none."""

    gate = threading.Barrier(8)

    def __call__(self, request: Request, connection: socket.socket) -> bool:
        if request.path.count("/") > PREFIX.count("/"):
            self.gate.wait(PATIENCE)
        return super().__call__(request, connection)


def test_eight_sessions_are_asked_for_at_once(serve: Serve, source_of: Open) -> None:
    ids = [f"ses-{number}" for number in range(80)]
    source = source_of(serve(EightAtOnce(map(document, ids), page_size=100)))
    assert [each.session_id for each in source.sessions()] == ids


def test_a_session_that_cannot_be_had_is_an_error_in_its_turn(
    serve: Serve, source_of: Open
) -> None:
    class Lacking(ChatAPI):
        def _answer(self, request: Request) -> bytes:
            if request.path.endswith("/c"):
                return answer(b"", 403, close=False)
            return super()._answer(request)

    sessions = source_of(serve(Lacking(map(document, "abcde")))).sessions()
    assert [next(sessions).session_id for _ in range(2)] == ["a", "b"]
    with pytest.raises(replay.PermissionDeniedError):
        next(sessions)


class FirstOnly(ChatAPI):
    """Gives the first session once all others that are fetched meanwhile wait."""

    sent = b""  #: to those that wait; then nothing
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
    serve: Serve, source_of: Open, sent: bytes
) -> None:
    api = FirstOnly(map(document, ["first", *"bcdefg"]), page_size=9)
    api.sent = sent
    server = serve(api)
    before = {*threading.enumerate()}
    for session in source_of(server, timeout=100.0, concurrency=4).sessions():
        assert session.session_id == "first"
        break
    for thread in {*threading.enumerate()} - before:
        if thread.name.startswith("chat-replay"):
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert len(server.requests) <= 6  # the list, four sessions, and one more
