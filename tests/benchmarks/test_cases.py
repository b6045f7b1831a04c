"""The smallest runs of the suite, whatever they measure."""

from collections.abc import Callable
from functools import cache

import pytest

from benchmarks.cases import CASES, measure
from benchmarks.cases.accumulators import ACCUMULATORS, Accumulate, Messages
from benchmarks.cases.histories import messages
from benchmarks.figures import Figure
from benchmarks.peers import missing
from benchmarks.plan import Plan

SMALLEST = Plan(
    sessions=(10, 1_000),
    histories=(10,),
    files=(1_000, 2_000),
    logs=(40, 20),
    fetched=2,
    records=(100, 2_000),
    batch=3,
    tiny=(2, 3),
    all_commands=True,
    seconds=0.0,
)


@cache
def figures_of(name: str) -> list[Figure]:
    if absent := missing(CASES[name].needs):
        pytest.skip(f"not installed, but by `make bench`: {', '.join(absent)}")
    return list(measure([name], SMALLEST, on_case=lambda _: None))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_case_gives_figures_under_its_name(name: str) -> None:
    figures = figures_of(name)
    assert figures
    assert {figure.case.partition("/")[0] for figure in figures} == {name}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_no_two_figures_are_taken_for_each_other(name: str) -> None:
    keys = [figure.key for figure in figures_of(name)]
    assert len(set(keys)) == len(keys)


@pytest.mark.slow
def test_a_case_is_announced_before_it_is_measured() -> None:
    announced: list[str] = []
    next(measure(["hook-call"], SMALLEST, on_case=announced.append))
    assert announced == ["hook-call"]


@pytest.mark.parametrize("accumulate", ACCUMULATORS.values(), ids=ACCUMULATORS)
def test_a_peer_puts_the_same_messages_together(
    accumulate: Callable[[Messages], Accumulate],
) -> None:
    if absent := missing(CASES["coalescing"].needs):
        pytest.skip(f"not installed, but by `make bench`: {', '.join(absent)}")
    deltas = messages()[:2]
    assert accumulate(deltas)() == ["".join(each) for each in deltas]
