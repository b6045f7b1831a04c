"""Limits of time and memory."""

import resource
import sys
import threading
import time

import pytest

from replay.batch.pool import Monitor
from replay.batch.resource_limits import limited_memory, limited_time, size_of
from replay.errors import WorkerError
from worker_tasks import job


@pytest.mark.parametrize(
    ("memory", "words"),
    [(512 << 20, "512 MiB"), (1_500_000_000, "1500 MB"), (1000, "0.001 MB")],
)
def test_a_size_is_told_as_it_was_given(memory: int, words: str) -> None:
    assert size_of(memory) == words


def test_a_session_has_all_its_time_and_at_most_a_tenth_more() -> None:
    monitor, deadlines = Monitor(), list[int]()
    with limited_time(job(seconds=1000), monitor, deadlines.append):
        before = time.monotonic_ns()
        monitor.at((0, 0))
        monitor.at((0, 1))
    monitor.at((0, 2))
    first, last = deadlines
    assert 1000 * 10**9 <= first - before <= 1101 * 10**9
    assert last == 0, "after the task no time is counted"


def test_without_memory_for_the_clock_there_is_no_memory() -> None:
    monitor = Monitor()
    before = threading.stack_size(1 << 46)
    try:
        with pytest.raises(MemoryError), limited_time(job(seconds=1000), monitor):
            monitor.at((0, 0))
    finally:
        threading.stack_size(before)


def test_memory_is_limited_until_the_task_is_done() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with limited_memory(job(memory=1 << 44)):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] == 1 << 44
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_system_that_cannot_limit_memory_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    with (
        pytest.raises(WorkerError, match="cannot be limited on this system"),
        limited_memory(job(memory=1 << 44)),
    ):
        raise AssertionError
