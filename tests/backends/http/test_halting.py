"""The end of all waiting."""

import socket
import threading
from concurrent.futures import CancelledError

import pytest

from replay_backends.http.transport import Halt

PATIENCE = 60


def test_a_thread_that_waits_for_a_byte_is_woken() -> None:
    halt = Halt()
    here, there = socket.socketpair()
    with here, there:
        halt.watch(here)
        received: list[bytes] = []
        thread = threading.Thread(target=lambda: received.append(here.recv(1)))
        thread.start()
        halt.come()
        thread.join(PATIENCE)
    assert received == [b""]


def test_a_socket_that_comes_too_late_is_shut_down_at_once() -> None:
    halt = Halt()
    halt.come()
    here, there = socket.socketpair()
    with here, there:
        halt.watch(here)
        assert there.recv(1) == b""


def test_a_socket_that_is_closed_is_no_matter() -> None:
    halt = Halt()
    here, there = socket.socketpair()
    halt.watch(here)
    here.close()
    there.close()
    halt.come()
    halt.come()
    assert halt.has_come


def test_a_pause_ends_when_it_comes() -> None:
    halt = Halt()
    ended: list[bool] = []

    def pause() -> None:
        with pytest.raises(CancelledError):
            halt.sleep(1000.0)
        ended.append(halt.has_come)

    thread = threading.Thread(target=pause)
    thread.start()
    halt.come()
    thread.join(PATIENCE)
    assert ended == [True]


def test_a_pause_is_as_long_as_it_should_be_until_then() -> None:
    Halt().sleep(0.001)
