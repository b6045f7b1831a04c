from collections.abc import Callable, Iterator
from itertools import count

from benchmarks.rounds import FEWEST, MOST, alternate


def recorder(
    name: str, calls: list[str], values: Iterator[float]
) -> Callable[[], float]:
    def measure() -> float:
        calls.append(name)
        return next(values)

    return measure


def always(value: float) -> Iterator[float]:
    while True:
        yield value


def test_each_round_begins_with_another_measure() -> None:
    calls: list[str] = []
    measures = [recorder(name, calls, always(1.0)) for name in "abc"]
    alternate(measures, seconds=0.0, value=float)
    assert "".join(calls) == "abcbcacab"


def test_a_round_holds_the_measures_in_their_order() -> None:
    measures = [recorder("", [], always(value)) for value in (1.0, 2.0, 3.0)]
    assert alternate(measures, seconds=0.0, value=float) == [(1.0, 2.0, 3.0)] * FEWEST


def test_it_ends_when_the_quartiles_are_close() -> None:
    measures = [recorder("", [], always(value)) for value in (1.0, 2.0)]
    assert len(alternate(measures, seconds=1e6, value=float)) == 2 * FEWEST


def test_it_goes_on_while_any_ratio_is_unsteady() -> None:
    values = [always(1.0), always(2.0), map(float, count(1))]
    measures = [recorder("", [], each) for each in values]
    assert len(alternate(measures, seconds=1e6, value=float)) == MOST


def test_only_the_ratio_need_be_steady() -> None:
    values = [map(float, count(1)), (2.0 * number for number in count(1))]
    measures = [recorder("", [], each) for each in values]
    assert len(alternate(measures, seconds=1e6, value=float)) == 2 * FEWEST


def test_when_time_is_over_the_fewest_rounds_are_kept() -> None:
    values = [always(1.0), map(float, count(1))]
    measures = [recorder("", [], each) for each in values]
    assert len(alternate(measures, seconds=0.0, value=float)) == FEWEST
