"""How workers die, and what that is called."""

import signal
import time
from typing import Final

import attrs

from replay.batch import limiting
from replay.batch.marking import Mark, Marks
from replay.batch.tasks import Job, Place, Problem, Task, Worked

#: What a death is called, as in :attr:`~replay.batch.tasks.Problem.code`.
CRASHED: Final = "crashed"
OUT_OF_MEMORY: Final = "out-of-memory"
OUT_OF_TIME: Final = "out-of-time"


@attrs.define(slots=False)
class WorkerDiedError(Exception):
    """A worker ended before it had answered."""

    mark: Mark | None  #: what it was at; None: it came to no session
    code: str
    reason: str  #: such as "took longer than 60 s"

    def __str__(self) -> str:
        return f"a worker died: {self.reason}"


def death(exit_code: int, marks: Marks, job: Job) -> WorkerDiedError:
    """Return what a worker died of.

    Args:
        exit_code: Of its process; below zero the signal that ended it.
        marks: What it told.
        job: What it was at.
    """
    deadline, is_out_of_memory = marks.ends
    if is_out_of_memory:
        size = None if job.memory is None else limiting.size_of(job.memory)
        reason = f"needed more than {size or 'the memory that there is'}"
        return WorkerDiedError(marks.read(), OUT_OF_MEMORY, reason)
    if exit_code == limiting.EXIT_CODE and 0 < deadline <= time.monotonic_ns():
        reason = f"took longer than {job.seconds:g} s"
        return WorkerDiedError(marks.read(), OUT_OF_TIME, reason)
    return WorkerDiedError(marks.read(), CRASHED, ending(exit_code))


def ending(exit_code: int) -> str:
    """Return in words how a process ended.

    >>> ending(3), ending(-11)
    ('ended with exit code 3', 'killed by SIGSEGV (segmentation fault)')
    """
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    if exit_code == -signal.SIGKILL:
        return "killed by SIGKILL: by somebody, or by the system for lack of memory"
    if -exit_code not in {*signal.Signals}:
        return f"killed by signal {-exit_code}"
    words = str(signal.strsignal(-exit_code)).lower()
    return f"killed by {signal.Signals(-exit_code).name} ({words})"


def quarantined(task: Task, died: WorkerDiedError) -> Worked:
    """Return what came of a task of one session: its worker's death."""
    place, name = _blamed(task, died.mark)
    problem = Problem(place, name, died.code, died.reason, is_quarantined=True)
    return Worked((), (problem,))


def _blamed(task: Task, mark: Mark | None) -> tuple[Place, str]:
    """Return where the session of a task is, and what it is called."""
    portions = dict(task.numbered())
    if mark is not None and mark.place is not None and task.has(mark.place):
        place, name = mark.place, mark.name
    else:
        first = min(task.only or [(min(portions), 0)])
        place, name = max(first, task.start), ""
    return place, name or str(portions[place[0]].key[0])
