"""Waiting for the disk at most so many milliseconds after a record was written."""

import threading
from collections.abc import Iterator

import pytest

from replay_plugins.audit_log.log.appender import DelayedSync


def nothing() -> None:
    """Do nothing: nobody waits so long."""


@pytest.fixture
def delayed() -> Iterator[DelayedSync]:
    delayed = DelayedSync()
    yield delayed
    delayed.cancel()


def test_it_is_called_in_time(delayed: DelayedSync) -> None:
    called = threading.Event()
    assert delayed.within(1, called.set)
    assert called.wait(60)


def test_one_waits_for_all(delayed: DelayedSync) -> None:
    assert delayed.within(600_000, nothing)
    first = delayed.timer
    assert delayed.within(600_000, nothing)
    assert delayed.timer is first
    assert first is not None
    first.cancel()
    delayed.is_over()
    assert delayed.within(600_000, nothing)
    assert delayed.timer is not first


@pytest.mark.parametrize("wait", [10**13, 10**400], ids=["long", "huge"])
def test_no_wait_is_too_long(delayed: DelayedSync, wait: int) -> None:
    assert delayed.within(wait, nothing)
    assert delayed.timer is not None
    assert delayed.timer.interval <= threading.TIMEOUT_MAX


def test_where_no_thread_can_wait_that_is_told(delayed: DelayedSync) -> None:
    before = threading.stack_size(1 << 46)  # more than any machine has
    try:
        assert not delayed.within(600_000, nothing)
    finally:
        threading.stack_size(before)
    assert delayed.timer is None
