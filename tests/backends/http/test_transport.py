"""HTTP connections: their timeouts, addresses and cancellation."""

import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from replay.errors import DeadlineExceededError
from replay_backends.http.client import new_session
from replay_backends.http.transport import Cancellation, Deadline, TimedConnection


def test_a_connection_has_the_time_that_it_is_allowed() -> None:
    connection = TimedConnection("localhost")
    connection.set_time_limit(100)
    assert 0 < connection.remaining_timeout() <= 100
    connection.set_time_limit(0)
    with pytest.raises(TimeoutError):
        connection.remaining_timeout()


def look_up(
    monkeypatch: pytest.MonkeyPatch, host: str, places: list[tuple[str, int]]
) -> None:
    """Make a host resolve to some addresses and ports."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in places]
    real = socket.getaddrinfo

    def looked_up(name: str, *args: object, **options: object) -> object:
        return found if name == host else real(name, *args, **options)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return a port on which three addresses of a host never answer."""
    with ExitStack() as opened:
        places = []
        port = 0
        for number in (1, 2, 3):
            place = (f"127.0.0.{number}", port)
            full = opened.enter_context(socket.create_server(place, backlog=0))
            port = full.getsockname()[1]
            for _ in range(3):  # more than it takes, so that it answers none any more
                client = opened.enter_context(socket.socket())
                client.setblocking(False)  # noqa: FBT003 - so it is called
                client.connect_ex((place[0], port))
            places.append((place[0], port))
        look_up(monkeypatch, "dead.example.com", places)
        yield port


TIMEOUTS: list[float | None] = []


def note_connecting(event: str, arguments: tuple[object, ...]) -> None:
    """Record the timeout of each socket that is about to be connected."""
    if event == "socket.connect":
        sock = arguments[0]
        assert isinstance(sock, socket.socket)
        TIMEOUTS.append(sock.gettimeout())


sys.addaudithook(note_connecting)


def test_many_dead_addresses_have_no_more_time_than_one(dead: int) -> None:
    connection = TimedConnection("dead.example.com", dead, timeout=0.6)
    TIMEOUTS.clear()
    with pytest.raises(ConnectTimeoutError):
        connection.connect()
    assert len(TIMEOUTS) == 3
    assert sum(each or 0 for each in TIMEOUTS) <= 0.6
    assert (connection.host, connection.timeout) == ("dead.example.com", 0.6)


def test_a_good_address_behind_a_dead_one_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        places = [("127.0.0.9", port), ("127.0.0.1", port)]
        look_up(monkeypatch, "two.example.com", places)
        connection = TimedConnection("two.example.com", port, timeout=60.0)
        connection.connect()
        assert connection.sock.getpeername() == ("127.0.0.1", port)
        connection.close()


def test_a_name_that_is_not_found_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NewConnectionError, match="resolve"):
        TimedConnection("no.example.com", timeout=5.0).connect()


def test_a_handshake_that_nobody_answers_can_be_halted() -> None:
    cancellation = Cancellation()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1)
                cancellation.cancel()
                while connection.recv(1 << 16):
                    pass

        thread = threading.Thread(target=take)
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with new_session(1, cancellation=cancellation) as session:
            with pytest.raises(requests.ConnectionError) as caught:
                session.get(url, timeout=5)
            thread.join()
    assert not isinstance(caught.value, requests.Timeout)


PATIENCE = 60


def test_a_thread_that_waits_for_a_byte_is_woken() -> None:
    cancellation = Cancellation()
    here, there = socket.socketpair()
    with here, there:
        cancellation.watch(here)
        received: list[bytes] = []
        thread = threading.Thread(target=lambda: received.append(here.recv(1)))
        thread.start()
        cancellation.cancel()
        thread.join(PATIENCE)
        assert received == [b""]
        cancellation.watch(there)  # too late: it is shut down at once
        assert here.recv(1) == b""
    cancellation.cancel()  # that they are closed is no matter
    assert cancellation.is_cancelled


def test_a_pause_ends_when_it_comes() -> None:
    cancellation = Cancellation()
    cancellation.sleep(0.001)  # until then it is as long as it should be
    ended: list[bool] = []

    def pause() -> None:
        with pytest.raises(CancelledError):
            cancellation.sleep(1000.0)
        ended.append(cancellation.is_cancelled)

    thread = threading.Thread(target=pause)
    thread.start()
    cancellation.cancel()
    thread.join(PATIENCE)
    assert ended == [True]


def test_the_time_that_is_left_shrinks() -> None:
    deadline = Deadline(100.0, "here")
    first = deadline.remaining_timeout()
    assert 0 < deadline.remaining_timeout() <= first <= 100
    assert deadline.remaining() <= first
    over = Deadline(0.0, "here")
    assert over.remaining() <= 0
    with pytest.raises(DeadlineExceededError, match="within 0 seconds"):
        over.remaining_timeout()
