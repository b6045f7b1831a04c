"""Measurements in turn, round after round, so that all meet the same noise.

A ratio is taken within a round: anything that slows the machine for a while slows both
of its sides.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, TypeVar

from benchmarks.spread import Spread

Taken = TypeVar("Taken")

FEWEST: Final = 3  #: rounds, however long one lasts
MOST: Final = 101  #: rounds, however far apart the quartiles are
CLOSE: Final = 0.02  #: of the median: quartiles this close together are enough


def alternate(
    measures: Sequence[Callable[[], Taken]],
    *,
    seconds: float,
    value: Callable[[Taken], float],
) -> list[tuple[Taken, ...]]:
    """Call *measures* in turn, and return their results in each round.

    It ends when the quartiles of every ratio to the first measure are close, after
    *seconds*, or after :data:`MOST` rounds, but never before :data:`FEWEST`.

    Args:
        measures: At least two; each round begins with another of them.
        seconds: No further round begins after this time.
        value: The number in a measurement for which the quartiles are compared.
    """
    rounds: list[tuple[Taken, ...]] = []
    end = monotonic() + seconds
    while len(rounds) < MOST:
        if len(rounds) >= FEWEST and (monotonic() > end or _is_close(rounds, value)):
            break
        rounds.append(_round(measures, first=len(rounds) % len(measures)))
    return rounds


def _round(measures: Sequence[Callable[[], Taken]], *, first: int) -> tuple[Taken, ...]:
    order = [*range(first, len(measures)), *range(first)]
    taken = {index: measures[index]() for index in order}
    return tuple(taken[index] for index in range(len(measures)))


def _is_close(
    rounds: Sequence[Sequence[Taken]], value: Callable[[Taken], float]
) -> bool:
    if len(rounds) < 2 * FEWEST:
        return False
    first, *others = (
        [value(each) for each in taken] for taken in zip(*rounds, strict=True)
    )
    ratios = ([a / b for a, b in zip(other, first, strict=True)] for other in others)
    return all(Spread.of(each).is_within(CLOSE) for each in ratios)
