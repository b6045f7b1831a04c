"""A pool that dies of some sessions, and may know of which."""

from concurrent.futures import Future
from typing import TypeVar

import attrs

from replay.batch.pool import Death, InProcessPool, Monitor, Work
from replay.batch.tasks import Place, Problem, Task, Worked
from replay.batch.worker import digests, work

Result = TypeVar("Result")


class DeathError(Exception):
    """A worker died of a session."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


@attrs.define
class MortalPool:
    """Works in this process, and dies when it comes to a deadly session.

    Args:
        deadly: How often each session is deadly; -1: always.
        knows: Whether it knows what it died of.
        size: How many tasks it takes at once.
    """

    deadly: dict[Place, int]
    knows: bool
    size: int = 2
    given: list[Task] = attrs.field(factory=list)
    _crew: InProcessPool = attrs.field(factory=lambda: InProcessPool(work))

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        self.given.append(task)
        future: Future[Result] = Future()
        try:
            self._meet(task)
        except DeathError as error:
            future.set_exception(error)
            return future
        return self._crew.submit(work, task)

    def death_of(self, error: BaseException) -> Death | None:
        if not isinstance(error, DeathError):
            return None
        return Death(frozenset([error.place]) if self.knows else None)

    def alone(self, task: Task) -> Worked:
        try:
            self._meet(task)
        except DeathError as error:
            problem = Problem(
                error.place, "?", "crashed", "it died", is_quarantined=True
            )
            return Worked((), (problem,))
        return work(task, Monitor())

    def drain(self) -> None:
        self._crew.drain()

    def close(self, *, now: bool = False) -> None:
        self._crew.close(now=now)

    def _meet(self, task: Task) -> None:
        """Die of the first session of a task that is deadly."""
        for found in digests(task, Monitor()).found:
            if self.deadly.get(found.place, 0):
                self.deadly[found.place] -= 1
                raise DeathError(found.place)
