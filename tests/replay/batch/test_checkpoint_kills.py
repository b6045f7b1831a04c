"""Killed runs, which leave whole transactions and all results reported as kept.

CHECKPOINT_KILLS is the largest number of kills: 30 take some seconds.
"""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random

import pytest

from batch_values import KEY, done, found, problem, task_digests, task_result
from forking import exit_code_of, forked
from replay.batch.checkpoint import Checkpoint
from replay.batch.tasks import TaskResult

ROUNDS = int(os.environ.get("CHECKPOINT_KILLS", "30"))
SIZE = 300  # of a task: some pages of the file


def numbers_of(task: int) -> range:
    """Return the numbers of a task's sessions; the last one failed."""
    return range(task * SIZE, (task + 1) * SIZE - 1)


def worked_on(task: int) -> TaskResult:
    """Return a task's results."""
    numbers = numbers_of(task)
    return task_result(*map(done, numbers), problem(numbers.stop))


def keep_from(first: int, checkpoint: Checkpoint, report: Callable[[], object]) -> None:
    """Keep tasks for ever."""
    for task in count(first):
        checkpoint.save(worked_on(task))
        report()


def begin_again(
    tasks: int, checkpoint: Checkpoint, report: Callable[[], object]
) -> None:
    """Begin runs for ever, which know all sessions except the failed ones."""
    while True:
        checkpoint.begin()
        report()
        for task in range(tasks):
            places = task_digests(*map(found, numbers_of(task)))
            assert checkpoint.place_known(places) == []
            checkpoint.save(task_result(problem(numbers_of(task).stop)))
            report()


def killed(
    path: Path,
    work: Callable[[Checkpoint, Callable[[], object]], None],
    random: Random,
) -> int:
    """Kill a process at work on a checkpoint; return the number of its reports."""
    reader, writer = os.pipe()

    def run() -> None:
        work(Checkpoint(path, KEY), lambda: os.write(writer, b"."))

    child, reports = forked(run), 0
    os.close(writer)
    for _ in range(random.randrange(6)):
        reports += len(os.read(reader, 1))
    for _ in range(random.randrange(60_000)):  # go on to anywhere within the next
        pass
    os.kill(child, signal.SIGKILL)
    while more := os.read(reader, 4096):
        reports += len(more)
    os.close(reader)
    assert exit_code_of(child) == -signal.SIGKILL, "the process failed"
    return reports


def whole_tasks(path: Path) -> int:
    """Return the number of tasks, after checking that there is nothing else."""
    with closing(Checkpoint(path, KEY)) as checkpoint:
        problems = list(checkpoint.problems())
        values = [result.value for result in checkpoint.results(0)]
    tasks = range(len(problems))
    assert values == [number for task in tasks for number in numbers_of(task)]
    assert problems == [problem(numbers_of(task).stop) for task in tasks]
    return len(problems)


@pytest.mark.slow
def test_a_kill_loses_no_task_that_was_kept_and_leaves_none_in_part(
    tmp_path: Path,
) -> None:
    path, tasks = tmp_path / "checkpoint", 0
    for seed in range(ROUNDS):
        random = Random(seed)  # noqa: S311 - when to kill is no secret
        first = tasks
        reports = killed(path, lambda *given: keep_from(first, *given), random)  # noqa: B023 - called at once
        tasks = whole_tasks(path)
        assert first + reports <= tasks <= first + reports + 1
    assert tasks > ROUNDS


@pytest.mark.slow
def test_a_kill_at_the_start_of_a_run_loses_no_result(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with closing(Checkpoint(path, KEY)) as checkpoint:
        for task in range(3):
            checkpoint.save(worked_on(task))
    for seed in range(ROUNDS // 3):
        random = Random(seed)  # noqa: S311 - when to kill is no secret
        killed(path, lambda *given: begin_again(3, *given), random)
    with closing(Checkpoint(path, KEY)) as checkpoint:
        checkpoint.begin()
        for task in range(3):
            places = task_digests(*map(found, numbers_of(task)))
            assert checkpoint.place_known(places) == []
