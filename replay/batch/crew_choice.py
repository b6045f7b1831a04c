"""Who does the tasks of a batch, as its user says."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from replay.batch.crews import Crew, InProcessCrew
from replay.batch.executor_crew import ExecutorCrew
from replay.batch.pool import PoolCrew
from replay.batch.tasks import Job
from replay.batch.working import work


@contextmanager
def crew_for(job: Job, executor: Executor | None, jobs: int | None) -> Iterator[Crew]:
    """Yield the crew; at the end of the block, let it go.

    Args:
        job: What is to be done.
        executor: The user's; it is not shut down.
        jobs: How many processes to start.

    Raises:
        TypeError: There are both.
        ValueError: *jobs* is not above zero, or there are limits and no processes.
    """
    crew = _crew(job, executor, jobs)
    is_well = False
    try:
        yield crew
        is_well = True
    finally:
        crew.close(now=not is_well)


def _crew(job: Job, executor: Executor | None, jobs: int | None) -> Crew:
    if executor is not None and jobs is not None:
        message = "give an executor, or a number of jobs, not both"
        raise TypeError(message)
    if executor is not None:
        return ExecutorCrew(executor, work)
    if jobs is not None:
        return PoolCrew(jobs, work)
    if (job.seconds, job.memory) != (None, None):
        message = "limits need processes that may be ended: give jobs"
        raise ValueError(message)
    return InProcessCrew(work)
