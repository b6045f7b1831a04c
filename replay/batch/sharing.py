"""Portions made into tasks: each about a second's work, and the last ones even."""

from collections import deque
from collections.abc import Iterator
from math import ceil
from typing import Final

import attrs

from replay.batch.tasks import Job, Task
from replay.portions import Portion

#: What a task weighs, in bytes: more than a second's work.
TASK_WEIGHT: Final = 48 << 20
_SESSION_WEIGHT: Final = 8 << 10  # what a session costs besides its bytes
_PORTION_WEIGHT: Final = 4 << 10  # what opening one costs
_AHEAD: Final = 2  # tasks for each worker that are laid out before the first is given
_FURTHER: Final = 4  # tasks that are laid out when one is given: soon all are known
_MOST_PORTIONS: Final = 50_000  # that are laid out


def shared_out(
    job: Job, numbered: Iterator[tuple[int, Portion]], workers: int
) -> Iterator[Task]:
    """Yield tasks, in order; no more portions are asked for than are needed.

    Args:
        job: What the tasks have in common.
        numbered: Portions with their numbers, which grow.
        workers: How many tasks are done at once.
    """
    waiting = _Waiting(numbered)
    ahead = _AHEAD * workers * TASK_WEIGHT
    given = 0
    left: int | None = None  # tasks; None: nobody knows
    while waiting.fill(ahead):
        ahead += _FURTHER * TASK_WEIGHT
        if waiting.is_all and left is None:
            left = _tasks_left(waiting.weight, workers, given)
        limit = TASK_WEIGHT if left is None else ceil(waiting.weight / max(left, 1))
        left = None if left is None else left - 1
        given += 1
        yield _task(job, waiting.take(limit))


def weight_of(portion: Portion) -> int:
    """Return what a portion costs, as the bytes that would cost as much."""
    return portion.size + _SESSION_WEIGHT * portion.sessions + _PORTION_WEIGHT


@attrs.define(eq=False)
class _Waiting:
    """Portions that are in no task yet."""

    _numbered: Iterator[tuple[int, Portion]]
    _portions: deque[tuple[int, Portion]] = attrs.field(factory=deque, init=False)
    weight: int = attrs.field(default=0, init=False)
    is_all: bool = attrs.field(default=False, init=False)  #: there are no others

    def fill(self, weight: int) -> bool:
        """Ask for portions until they weigh so much; tell whether there are any."""
        while (
            not self.is_all
            and self.weight < weight
            and len(self._portions) < _MOST_PORTIONS
        ):
            numbered = next(self._numbered, None)
            if numbered is None:
                self.is_all = True
            else:
                self._portions.append(numbered)
                self.weight += weight_of(numbered[1])
        return bool(self._portions)

    def take(self, limit: int) -> list[tuple[int, Portion]]:
        """Take out portions until they weigh so much; at least one."""
        taken: list[tuple[int, Portion]] = []
        weight = 0
        while self._portions and (not taken or weight < limit):
            taken.append(self._portions.popleft())
            weight += weight_of(taken[-1][1])
        self.weight -= weight
        return taken


def _tasks_left(weight: int, workers: int, given: int) -> int:
    """Return how many tasks the rest makes: each worker gets as many as the others."""
    return workers * ceil((given + weight / TASK_WEIGHT) / workers) - given


def _task(job: Job, numbered: list[tuple[int, Portion]]) -> Task:
    first = numbered[0][0]
    numbers = tuple(number for number, _ in numbered)
    is_row = numbers == tuple(range(first, first + len(numbers)))
    portions = tuple(portion for _, portion in numbered)
    return Task(job, first, portions, () if is_row else numbers)
