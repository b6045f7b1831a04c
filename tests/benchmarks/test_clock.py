import gc

import pytest

from benchmarks.clock import SHORTEST, time_in_turn

pytestmark = pytest.mark.slow


def work(steps: int) -> int:
    return sum(range(steps))


def test_more_work_takes_longer() -> None:
    little, much = time_in_turn(lambda: work(1_000), lambda: work(100_000), seconds=0.0)
    assert all(one < other for one, other in zip(little, much, strict=True))


def test_a_quick_function_is_timed_over_many_calls() -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1

    times, _ = time_in_turn(call, call, seconds=0.0)
    assert calls > 100
    assert max(times) < SHORTEST / 10


def test_a_slow_function_is_called_once_a_timing() -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        work(2_000_000)

    times, _ = time_in_turn(call, lambda: work(1), seconds=0.0)
    assert calls == 1 + len(times)


def test_the_collector_is_left_as_it_was() -> None:
    time_in_turn(lambda: None, lambda: None, seconds=0.0)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
