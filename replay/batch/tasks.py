"""Tasks and results of workers: values that can be pickled."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count
from math import ceil
from typing import Final, TypeAlias

import attrs

from replay.engine.plugin_set import OnPluginError
from replay.sources.protocols import Portion

#: Where a session is: the number of its portion, and its number in that; both from 0.
Place: TypeAlias = tuple[int, int]


@attrs.frozen
class PluginSpec:
    """A plugin by name, as a worker makes it anew."""

    name: str  #: as :func:`replay.load_plugin` takes it
    options: Mapping[str, object] = attrs.field(repr=False)  #: they may hold a key
    version: str  #: what its results depend on besides


@attrs.frozen
class Job:
    """What all tasks of a batch have in common."""

    location: str
    #: the backend's; they may hold a key
    options: Mapping[str, object] = attrs.field(repr=False)
    plugins: tuple[PluginSpec, ...]
    strict: bool = False
    on_plugin_error: OnPluginError = "raise"
    keep_going: bool = False
    seconds: float | None = None  #: that a session may take; None: for ever
    memory: int | None = None  #: bytes that a worker may use; None: what there is


@attrs.frozen
class Task:
    """Some portions, to be worked on by one worker."""

    job: Job
    first: int  #: the number of the first portion
    portions: tuple[Portion, ...]
    numbers: tuple[int, ...] = ()  #: the portions'; none: they follow the first
    start: Place = (0, 0)  #: the first session
    stop: Place | None = None  #: the session at which to stop; None: at the end
    only: frozenset[Place] | None = None  #: None: all from *start* to *stop*
    without: frozenset[Place] = frozenset()
    #: how many sessions before those at some places have their ids
    repetitions: Mapping[Place, int] = attrs.field(factory=dict)

    def numbered(self) -> Iterator[tuple[int, Portion]]:
        """Yield the portions that have sessions to be worked on, with their numbers."""
        numbers = self.numbers or count(self.first)
        wanted = None if self.only is None else {number for number, _ in self.only}
        for number, portion in zip(numbers, self.portions, strict=False):
            is_over = self.stop is not None and (number, 0) >= self.stop
            if number < self.start[0] or is_over:
                continue
            if wanted is None or number in wanted:
                yield number, portion

    def has(self, place: Place) -> bool:
        """Tell whether the session at a place is to be worked on."""
        return (
            self.start <= place
            and (self.stop is None or place < self.stop)
            and (self.only is None or place in self.only)
            and place not in self.without
        )


@attrs.frozen
class Repeated:
    """A session that shares its id with others."""

    place: Place
    before: int  #: how many of these come before it


@attrs.frozen
class Found:
    """A session that is stored at a place."""

    place: Place
    name: str  #: see :class:`~replay.sources.protocols.Stored`
    digest: bytes


@attrs.frozen
class Counts:
    """What a replay came to, in numbers that add up."""

    turns: int = 0
    events: int = 0
    messages: int = 0
    diagnostics: int = 0


@attrs.frozen
class Done:
    """A session that was replayed."""

    found: Found
    session_id: str  #: that plugins saw; where they saw none, the digest in hex
    counts: Counts
    values: bytes  #: a JSON array: what each plugin that gives a result gave
    plugin_errors: tuple[str, ...] = ()  #: what was isolated


@attrs.frozen
class Problem:
    """A session, or the rest of a portion, that could not be replayed."""

    place: Place
    name: str  #: the session's id, or as much as is known
    code: (
        str  #: an error's ``code``, or ``crashed``, ``out-of-memory``, ``out-of-time``
    )
    reason: str  #: as a sentence
    is_quarantined: bool = False  #: it took its worker down, and again when alone


@attrs.frozen
class Worked:
    """What came of a task."""

    done: tuple[Done, ...]
    problems: tuple[Problem, ...]
    rest: Place | None = None  #: where to go on; None: all is done
    is_interrupted: bool = False  #: by the user, in the leader's own process


@attrs.frozen
class Digested:
    """What is stored at the places of a task."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    rest: Place | None = None  #: where to go on; None: that is all


def cut(task: Task) -> list[Task]:
    """Return a task in two; nothing, where it is of one session.

    Portions are shared out; then the sessions of one portion, of which there are as
    many as it says, or more. Those that are more stay together.
    """
    if task.only is not None:
        return _parts_of(task, sorted(task.only))
    numbered = [*task.numbered()]
    if len(numbered) > 1:
        return _at(task, (numbered[len(numbered) // 2][0], 0))
    return [
        part for number, portion in numbered for part in _within(task, number, portion)
    ]


def alone(task: Task, place: Place) -> Task:
    """Return the task of one session."""
    return attrs.evolve(task, only=frozenset([place]), without=frozenset())


def _within(task: Task, number: int, portion: Portion) -> list[Task]:
    """Return the task of one portion in two."""
    begin = task.start[1] if task.start[0] == number else 0
    if task.stop is not None and task.stop[0] == number:
        end = task.stop[1]
    else:
        end = portion.sessions + 1  # all that is more counts as one
    return _at(task, (number, (begin + end) // 2)) if end - begin > 1 else []


def _at(task: Task, place: Place) -> list[Task]:
    return [attrs.evolve(task, stop=place), attrs.evolve(task, start=place)]


def _parts_of(task: Task, places: list[Place]) -> list[Task]:
    middle = len(places) // 2
    parts = (places[:middle], places[middle:])
    return [attrs.evolve(task, only=frozenset(part)) for part in parts if middle]


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
    waiting = deque[tuple[int, Portion]]()
    weight, ahead, given = 0, _AHEAD * workers * TASK_WEIGHT, 0
    left: int | None = None  # tasks; None: nobody knows
    while True:
        while weight < ahead and len(waiting) < _MOST_PORTIONS:
            if (each := next(numbered, None)) is None:
                if left is None:
                    left = _tasks_left(weight, workers, given)
                break
            waiting.append(each)
            weight += weight_of(each[1])
        if not waiting:
            return
        ahead += _FURTHER * TASK_WEIGHT
        limit = TASK_WEIGHT if left is None else ceil(weight / max(left, 1))
        left = None if left is None else left - 1
        given += 1
        taken = _take(waiting, limit)
        weight -= sum(weight_of(portion) for _, portion in taken)
        yield _task(job, taken)


def weight_of(portion: Portion) -> int:
    """Return what a portion costs, as the bytes that would cost as much."""
    return portion.size + _SESSION_WEIGHT * portion.sessions + _PORTION_WEIGHT


def _take(waiting: deque[tuple[int, Portion]], limit: int) -> list[tuple[int, Portion]]:
    """Take out portions until they weigh so much; at least one."""
    taken = [waiting.popleft()]
    weight = weight_of(taken[0][1])
    while waiting and weight < limit:
        taken.append(waiting.popleft())
        weight += weight_of(taken[-1][1])
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
