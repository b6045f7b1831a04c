"""Time functions of this process in alternation.

The garbage collector is on, as it is in a user's program. What was in memory before is
frozen, so that nobody pays for the size of this process, and what one function left
behind is collected before the next is timed.
"""

import gc
import math
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final

from benchmarks.rounds import alternate

SHORTEST: Final = 0.005  #: seconds: a timing is made of as many calls as fill it


def time_in_turn(
    *functions: Callable[[], object], seconds: float
) -> list[tuple[float, ...]]:
    """Return how long a call of each function took, for each function.

    A call is timed together with giving back the memory of what it returned.

    Args:
        functions: At least two; each is called once before it is timed.
        seconds: About how long all of it may last.

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
    """Return how many calls fill the shortest timing, and call it once at least."""
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
