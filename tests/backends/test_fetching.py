"""Many sessions at once."""

import threading
from collections.abc import Iterator

import pytest

import replay
from replay_backends.ordered_fetch import in_order

PATIENCE = 60


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
