"""Many sessions at once."""

import threading
from collections.abc import Iterator

import pytest

import replay
from replay_backends.ordered_fetch import in_order

PATIENCE = 60


def test_results_come_in_the_order_of_their_keys() -> None:
    last = threading.Event()

    def fetch(key: int) -> int:
        if key == 0:
            assert last.wait(PATIENCE)
        if key == 3:
            last.set()
        return key * 2

    assert [*in_order(fetch, range(9), 4)] == [key * 2 for key in range(9)]
    assert [*in_order(str, [], 3)] == []


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


def test_an_error_comes_in_its_turn() -> None:
    results = in_order(lambda key: 1 / (3 - key), range(9), 4)
    assert [next(results) for _ in range(3)] == [1 / 3, 1 / 2, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)

    def keys() -> Iterator[int]:
        yield from range(3)
        raise error

    error = replay.BackendError("here", "no more pages")
    found = in_order(lambda key: key, keys(), 4)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(replay.BackendError, match="no more pages"):
        next(found)


def test_a_reader_that_has_seen_enough_ends_it() -> None:
    fetched: list[int] = []
    ends: list[bool] = []
    results = in_order(fetched.append, range(1000), 2, lambda: ends.append(True))
    next(results)
    assert not ends
    results.close()  # type: ignore[attr-defined]  # a generator
    assert len(fetched) < 10
    assert ends == [True]
