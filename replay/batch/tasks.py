"""Tasks for workers and their results: values that can be pickled."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count
from math import ceil
from typing import Final, TypeAlias

import attrs

from replay.engine.plugin_set import OnPluginError
from replay.sources.protocols import Portion
from replay.sources.source import Source
from replay.sources.together import open_all

#: A session's place: its portion's number, and its own number in that; both from 0.
Place: TypeAlias = tuple[int, int]


@attrs.frozen
class PluginSpec:
    """A plugin by name, for a worker to create."""

    name: str  #: as :func:`replay.load_plugin` takes it
    options: Mapping[str, object] = attrs.field(repr=False)  #: they may hold a key
    version: str  #: its package's version, or a digest of its file


@attrs.frozen
class Job:
    """The settings that all tasks of a batch share."""

    location: str
    #: for the backend; they may hold a key
    options: Mapping[str, object] = attrs.field(repr=False)
    plugins: tuple[PluginSpec, ...]
    strict: bool = False
    on_plugin_error: OnPluginError = "raise"
    keep_going: bool = False
    seconds: float | None = None  #: limit for a session; None: no limit
    memory: int | None = None  #: limit for a worker, in bytes; None: no limit
    #: other locations that are read after it, with the same options
    further: tuple[str, ...] = ()

    def open(self) -> Source:
        """Open the source of the batch's sessions."""
        return open_all((self.location, *self.further), self.options)


@attrs.frozen
class Task:
    """Some portions, or sessions of theirs, for one worker."""

    job: Job
    first: int  #: the number of the first portion
    portions: tuple[Portion, ...]
    numbers: tuple[int, ...] = ()  #: the portions'; empty: consecutive from *first*
    start: Place = (0, 0)  #: the first session
    stop: Place | None = None  #: the session to stop before; None: go to the end
    included: frozenset[Place] | None = None  #: None: all from *start* to *stop*
    excluded: frozenset[Place] = frozenset()
    #: for some places, how many earlier sessions have the same id
    repetitions: Mapping[Place, int] = attrs.field(factory=dict)
    is_listed: bool = False  #: whether a result has listed its sessions before

    def numbered(self) -> Iterator[tuple[int, Portion]]:
        """Yield the portions that have sessions of this task, with their numbers."""
        numbers = self.numbers or count(self.first)
        wanted = (
            None if self.included is None else {number for number, _ in self.included}
        )
        for number, portion in zip(numbers, self.portions, strict=False):
            is_over = self.stop is not None and (number, 0) >= self.stop
            if number < self.start[0] or is_over:
                continue
            if wanted is None or number in wanted:
                yield number, portion

    def has(self, place: Place) -> bool:
        """Tell whether the session at a place is part of this task."""
        return (
            self.start <= place
            and (self.stop is None or place < self.stop)
            and (self.included is None or place in self.included)
            and place not in self.excluded
        )


@attrs.frozen
class RepeatedSession:
    """A session that shares its id with others."""

    place: Place
    before: int  #: how many of these come before it


@attrs.frozen
class FoundSession:
    """A stored session, found at a place."""

    place: Place
    name: str  #: see :class:`~replay.sources.protocols.Stored`
    digest: bytes


@attrs.frozen
class Counts:
    """The counts of a replay, which can be added up."""

    turns: int = 0
    events: int = 0
    messages: int = 0
    diagnostics: int = 0


@attrs.frozen
class SessionResult:
    """A replayed session."""

    found: FoundSession
    session_id: str  #: as plugins saw it; if they saw none, the digest in hex
    counts: Counts
    values: bytes  #: a JSON array of each plugin's result; null: it gives none
    plugin_errors: tuple[str, ...] = ()  #: isolated failures


@attrs.frozen
class Problem:
    """A session that could not be replayed, or in which a plugin failed.

    If a portion cannot be read to its end, one problem stands for the rest of it.
    """

    place: Place
    name: str  #: the session's id, or whatever is known of it
    code: (
        str  #: an error's ``code``, or ``crashed``, ``out-of-memory``, ``out-of-time``
    )
    reason: str  #: as a sentence
    is_quarantined: bool = False  #: it killed its worker, and again when tried alone


@attrs.frozen
class TaskResult:
    """The result of a task: its sessions, replayed or failed."""

    done: tuple[SessionResult, ...]
    problems: tuple[Problem, ...]
    resume_at: Place | None = None  #: where to continue; None: all is done
    is_interrupted: bool = False  #: by the user, in the leader's own process
    #: how many sessions were found, up to *resume_at*
    listed: int = attrs.field(
        default=attrs.Factory(
            lambda result: len(result.done) + len(result.problems), takes_self=True
        ),
        kw_only=True,
    )


@attrs.frozen
class TaskDigests:
    """The stored sessions of a task, with their digests."""

    found: tuple[FoundSession, ...]
    problems: tuple[Problem, ...]
    resume_at: Place | None = None  #: where to continue; None: that is all


def split_task(task: Task) -> list[Task]:
    """Split a task in two; return an empty list if it has only one session.

    Portions are divided first, then the sessions of one portion. There may be more of
    these than the portion says; the extra ones stay together.
    """
    if task.included is not None:
        return _parts_of(task, sorted(task.included))
    numbered = [*task.numbered()]
    if len(numbered) > 1:
        return _at(task, (numbered[len(numbered) // 2][0], 0))
    return [
        part for number, portion in numbered for part in _within(task, number, portion)
    ]


def single_session_task(task: Task, place: Place) -> Task:
    """Return a task for one session of a task."""
    return attrs.evolve(task, included=frozenset([place]), excluded=frozenset())


def _within(task: Task, number: int, portion: Portion) -> list[Task]:
    """Split a task of one portion in two, if it has more than one session."""
    begin = task.start[1] if task.start[0] == number else 0
    if task.stop is not None and task.stop[0] == number:
        end = task.stop[1]
    else:
        end = portion.sessions + 1  # the extra ones count as one
    return _at(task, (number, (begin + end) // 2)) if end - begin > 1 else []


def _at(task: Task, place: Place) -> list[Task]:
    return [attrs.evolve(task, stop=place), attrs.evolve(task, start=place)]


def _parts_of(task: Task, places: list[Place]) -> list[Task]:
    middle = len(places) // 2
    parts = (places[:middle], places[middle:])
    return [attrs.evolve(task, included=frozenset(part)) for part in parts if middle]


#: The weight of a task, in bytes: more than a second's work.
TASK_WEIGHT: Final = 48 << 20
_SESSION_WEIGHT: Final = 8 << 10  # the cost of a session besides its bytes
_PORTION_WEIGHT: Final = 4 << 10  # the cost of opening one
_AHEAD: Final = 2  # tasks listed for each worker before the first is given out
_FURTHER: Final = 4  # more tasks listed for each one given out: soon all are known
_MOST_PORTIONS: Final = 50_000  # that wait at once


def make_tasks(
    job: Job, numbered: Iterator[tuple[int, Portion]], workers: int
) -> Iterator[Task]:
    """Yield tasks in order, listing no more portions than needed.

    Args:
        job: The settings of all tasks.
        numbered: Portions with their numbers, in increasing order.
        workers: How many tasks run at once.
    """
    waiting = deque[tuple[int, Portion]]()
    weight, ahead, given = 0, _AHEAD * workers * TASK_WEIGHT, 0
    left: int | None = None  # tasks; None: unknown
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
    """Return the cost of a portion, as an equivalent number of bytes."""
    return portion.size + _SESSION_WEIGHT * portion.sessions + _PORTION_WEIGHT


def _take(waiting: deque[tuple[int, Portion]], limit: int) -> list[tuple[int, Portion]]:
    """Take out portions until they reach a weight; at least one."""
    taken = [waiting.popleft()]
    weight = weight_of(taken[0][1])
    while waiting and weight < limit:
        taken.append(waiting.popleft())
        weight += weight_of(taken[-1][1])
    return taken


def _tasks_left(weight: int, workers: int, given: int) -> int:
    """Return the number of tasks left, so that each worker gets equally many."""
    return workers * ceil((given + weight / TASK_WEIGHT) / workers) - given


def _task(job: Job, numbered: list[tuple[int, Portion]]) -> Task:
    first = numbered[0][0]
    numbers = tuple(number for number, _ in numbered)
    is_row = numbers == tuple(range(first, first + len(numbers)))
    portions = tuple(portion for _, portion in numbered)
    return Task(job, first, portions, () if is_row else numbers)
