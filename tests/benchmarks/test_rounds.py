from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count, repeat

import pytest

from benchmarks.rounds import FEWEST, MOST, alternate


def rising() -> Iterator[float]:
    return map(float, count(1))


def rounds_of(*values: Iterable[float], seconds: float) -> list[tuple[float, ...]]:
    measures = [iter(each).__next__ for each in values]
    return [*alternate(measures, seconds=seconds, value=float)]


def test_each_round_begins_with_another_measure() -> None:
    calls: list[str] = []
    measures = [partial(calls.append, name) for name in "abc"]
    alternate(measures, seconds=0.0, value=lambda _: 1.0)
    assert "".join(calls) == "abcbcacab"


def test_a_round_holds_the_measures_in_their_order() -> None:
    rounds = rounds_of(repeat(1.0), repeat(2.0), repeat(3.0), seconds=0.0)
    assert rounds == [(1.0, 2.0, 3.0)] * FEWEST


@pytest.mark.parametrize(
    ("values", "seconds", "rounds"),
    [
        ([repeat(1.0), repeat(2.0)], 1e6, 2 * FEWEST),
        ([rising(), (2.0 * each for each in rising())], 1e6, 2 * FEWEST),
        ([repeat(1.0), repeat(2.0), rising()], 1e6, MOST),
        ([repeat(1.0), rising()], 0.0, FEWEST),
    ],
    ids=["all is steady", "the ratio is", "some ratio is not", "time is over"],
)
def test_it_goes_on_until_all_ratios_are_steady_or_time_is_over(
    values: list[Iterable[float]], seconds: float, rounds: int
) -> None:
    assert len(rounds_of(*values, seconds=seconds)) == rounds
