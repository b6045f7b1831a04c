"""Sessions of the service, several at once."""

import socket
import threading
from collections.abc import Callable

import pytest

import replay
from chat_api import PREFIX, ChatAPI, document
from http_server import Request, Server, answer

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]
PATIENCE = 60


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
