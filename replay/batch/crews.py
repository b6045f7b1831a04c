"""Who does the tasks of a batch."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

import attrs

from replay.batch.tasks import Place, Task, Worked

_Answer = TypeVar("_Answer")


@attrs.frozen
class Died:
    """What is known of the death of a task's worker."""

    #: what was replayed when it died; none: the task is innocent; None: not known
    suspects: frozenset[Place] | None


class Crew(Protocol):
    size: int

    def submit(
        self, work: Callable[[Task], _Answer], task: Task
    ) -> Future[_Answer]: ...
    def died(self, error: BaseException) -> Died | None: ...
    def alone(self, task: Task) -> Worked: ...
    def hurry(self) -> None: ...
    def close(self, *, now: bool = False) -> None: ...
