"""Timing of functions in this process, in alternation.

The garbage collector is on, as it is in a user's program. Existing objects are frozen,
so that no function pays for the size of this process, and one function's garbage is
collected before the next is timed.
"""

import gc
import math
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final

from benchmarks.rounds import alternate

SHORTEST: Final = 0.005  #: seconds; a timing makes as many calls as fill them


def time_in_turn(
    *functions: Callable[[], object], seconds: float
) -> list[tuple[float, ...]]:
    """Return the time of a call of each function, round by round.

    A call's time includes freeing the memory of its result.

    Args:
        functions: At least two; each is called once before it is timed.
        seconds: Approximate time for all rounds.

    Returns:
        For each function, the seconds of a call in each round.
    """
    timers = [partial(_time, each, _calls(each)) for each in functions]
    gc.collect()
    gc.freeze()
    try:
        rounds = alternate(timers, seconds=seconds, value=float)
    finally:
        gc.unfreeze()
    return list(zip(*rounds, strict=True))


def _calls(function: Callable[[], object]) -> int:
    """Return the number of calls that fill the shortest timing; make at least one."""
    calls = 1
    while (taken := _time(function, calls) * calls) < SHORTEST:
        calls = max(calls + 1, math.ceil(1.2 * calls * SHORTEST / max(taken, 1e-6)))
    return calls


def _time(function: Callable[[], object], calls: int) -> float:
    gc.collect()
    begin = perf_counter()
    for _ in range(calls):
        function()
    return (perf_counter() - begin) / calls
