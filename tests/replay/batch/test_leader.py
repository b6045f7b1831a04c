"""Who leads a batch."""

import gzip
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batches import directory_of, job_of, plugin_at, whole_task
from mortal_crew import MortalCrew
from replay import BatchError, MustStopError
from replay.batch.checkpoint import Checkpoint
from replay.batch.executor_pool import ExecutorCrew
from replay.batch.leader import Leader
from replay.batch.pool import Crew, Died, InProcessCrew
from replay.batch.process_pool import PoolCrew
from replay.batch.progress import BatchProgress, Watched
from replay.batch.tasks import Counts, Done, Task, Worked
from replay.batch.worker import digests, work

NAMES = "abcdefgh"
Result = TypeVar("Result")


@pytest.fixture
def checkpoint() -> Iterator[Checkpoint]:
    checkpoint = Checkpoint(None, b"plugins")
    checkpoint.begin()
    yield checkpoint
    checkpoint.close()


def _task(folder: Path, **said: str) -> Task:
    """Return the task of some sessions, of which some say something else."""
    sessions = {name: said.get(name, name) for name in NAMES}
    location = directory_of(folder / "sessions", sessions)
    return whole_task(job_of(location, plugin_at(folder / "giving.py")))


def _cut(task: Task, size: int) -> Iterator[Task]:
    """Yield a task in several, of so many portions each."""
    for first in range(0, len(task.portions), size):
        portions = task.portions[first : first + size]
        yield attrs.evolve(task, first=first, portions=portions)


def _lead(
    crew: Crew,
    checkpoint: Checkpoint,
    tasks: Iterator[Task],
    *,
    keep_going: bool = True,
    may_be_known: bool = False,
) -> BatchProgress:
    watched = Watched(None)
    leader = Leader(crew, checkpoint, watched, keep_going=keep_going)
    leader.lead(tasks, may_be_known=may_be_known)
    return watched.progress


def _said(checkpoint: Checkpoint) -> str:
    values = [result.value for result in checkpoint.results(0)]
    return "".join(value[0] for value in values if isinstance(value, list))


@attrs.define
class PatientCrew(MortalCrew):
    """Answers all at once, when it has been given as much as it takes."""

    _answers: list[Callable[[], None]] = attrs.field(factory=list, init=False)

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        given = super().submit(work, task)
        future: Future[Result] = Future()

        def answer() -> None:
            if error := given.exception():
                future.set_exception(error)
            else:
                future.set_result(given.result())

        self._answers.append(answer)
        if len(self._answers) > self.size:
            while self._answers:
                self._answers.pop(0)()
        return future


def test_all_tasks_are_done(tmp_path: Path, checkpoint: Checkpoint) -> None:
    tasks = _cut(_task(tmp_path), 3)
    progress = _lead(InProcessCrew(work), checkpoint, tasks)
    assert _said(checkpoint) == NAMES
    assert progress == BatchProgress(replayed=len(NAMES))


def test_no_more_tasks_are_asked_for_than_can_be_at_hand(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    asked: list[Task] = []

    def tasks(most: int) -> Iterator[Task]:
        for task in _cut(_task(tmp_path), 1):
            asked.append(task)
            assert len(asked) - len(checkpoint.results(0)) <= most
            yield task

    with ThreadPoolExecutor(2) as executor:
        crew = ExecutorCrew(executor, work)
        _lead(crew, checkpoint, tasks(2 * crew.size))
    assert len(asked) == len(NAMES)


def test_what_an_answer_could_not_hold_is_done_next(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    task = _task(tmp_path)
    text = "def replay_batch_result(): return ['a' + 'x' * 5_000_000]\n"
    job = job_of(Path(task.job.location), plugin_at(tmp_path / "large.py", text))
    _lead(InProcessCrew(work), checkpoint, iter([attrs.evolve(task, job=job)]))
    assert len(checkpoint.results(0)) == len(NAMES)


def test_what_is_known_is_not_replayed_again(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    crew = InProcessCrew(work)
    _lead(crew, checkpoint, _cut(_task(tmp_path), 3))
    checkpoint.begin()
    changed = _task(tmp_path, c="C", d="D")
    progress = _lead(crew, checkpoint, _cut(changed, 3), may_be_known=True)
    assert progress == BatchProgress(replayed=2, known=len(NAMES) - 2)
    assert _said(checkpoint) == "abCDefgh"


def test_what_is_stored_is_told_in_several_answers(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    count = 20_000 + 2  # more than an answer tells of
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"events": []}\n' * count, 1))
    task = whole_task(job_of(path, plugin_at(tmp_path / "giving.py")))
    found = digests(attrs.evolve(task, start=(0, 4))).found
    done = tuple(Done(each, each.name, Counts(), b"[]") for each in found)
    checkpoint.keep(Worked(done, ()))
    checkpoint.begin()
    crew = InProcessCrew(work)
    progress = _lead(crew, checkpoint, iter([task]), may_be_known=True)
    assert progress == BatchProgress(replayed=4, known=count - 4)


@pytest.mark.slow
@pytest.mark.parametrize("knows", [True, False])
@given(
    deadly=st.dictionaries(
        st.integers(0, len(NAMES) - 1), st.sampled_from([1, 2, -1]), max_size=4
    ),
    size=st.integers(1, 8),
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_kills_twice_is_quarantined_and_nobody_else(
    tmp_path: Path, *, knows: bool, deadly: dict[int, int], size: int
) -> None:
    checkpoint = Checkpoint(None, b"plugins")
    checkpoint.begin()
    crew = MortalCrew({(n, 0): times for n, times in deadly.items()}, knows=knows)
    progress = _lead(crew, checkpoint, _cut(_task(tmp_path), size))
    guilty = [p.place[0] for p in checkpoint.problems() if p.is_quarantined]
    said = _said(checkpoint)
    checkpoint.close()
    always = sorted(n for n, times in deadly.items() if times == -1)
    if knows:
        twice = sorted(n for n, times in deadly.items() if times != 1)
        assert guilty == twice
    assert set(always) <= set(guilty) <= set(deadly)
    assert said == "".join(c for n, c in enumerate(NAMES) if n not in guilty)
    assert progress.quarantined == len(guilty)


@attrs.define
class MistakenCrew(MortalCrew):
    """Takes a session that its task does not have for what it died of."""

    def died(self, error: BaseException) -> Died | None:
        died = super().died(error)
        return died and Died(frozenset([(99, 0)]))


def test_a_suspect_that_the_task_does_not_have_is_none(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    crew = MistakenCrew({(2, 0): -1}, knows=True)
    _lead(crew, checkpoint, _cut(_task(tmp_path), 3))
    assert [problem.place for problem in checkpoint.problems()] == [(2, 0)]
    assert _said(checkpoint) == "abdefgh"


def test_a_session_whose_plugin_dies_when_it_is_closed_is_found(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    text = """
import os
met = []
def replay_session_start(session): met.append(session.session_id)
def replay_close(): "c" in met and os._exit(3)
"""
    task = _task(tmp_path)
    job = job_of(Path(task.job.location), plugin_at(tmp_path / "closing.py", text))
    crew = PoolCrew(2, work)
    try:
        _lead(crew, checkpoint, iter([attrs.evolve(task, job=job)]))
    finally:
        crew.close()
    (problem,) = checkpoint.problems()
    assert (problem.place, problem.name) == ((2, 0), "c.json")
    assert checkpoint.totals().sessions == len(NAMES)


def test_a_failure_ends_a_batch_that_is_to_stop(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    tasks = _cut(_task(tmp_path, c="boom"), 1)
    with pytest.raises(BatchError, match=r"session 'c', plugin-error: .*no booms"):
        _lead(InProcessCrew(work), checkpoint, tasks, keep_going=False)
    assert _said(checkpoint) == "ab"


def test_a_failure_is_passed_over_where_wanted(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    tasks = _cut(_task(tmp_path, c="boom"), 3)
    progress = _lead(InProcessCrew(work), checkpoint, tasks)
    assert progress == BatchProgress(replayed=len(NAMES) - 1, failed=1)
    assert _said(checkpoint) == "abdefgh"


def test_a_quarantined_session_does_not_end_a_batch_that_is_to_stop(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    crew = MortalCrew({(2, 0): -1}, knows=True)
    _lead(crew, checkpoint, _cut(_task(tmp_path), 3), keep_going=False)
    assert _said(checkpoint) == "abdefgh"


def test_what_must_stop_stops_all_and_what_was_done_is_kept(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    text = """
import replay
said = []
def replay_text(message):
    if message.content in "ef": raise replay.MustStopError("full")
    said[:] = [message.content]
def replay_batch_result(): return said[:]
"""
    task = _task(tmp_path)
    job = job_of(Path(task.job.location), plugin_at(tmp_path / "must.py", text))
    tasks = _cut(attrs.evolve(task, job=job), 1)
    crew = PatientCrew({}, knows=True, size=len(NAMES) - 1)
    with pytest.raises(MustStopError, match="full"):
        _lead(crew, checkpoint, tasks)
    assert _said(checkpoint) == "abcdgh"


def test_the_first_failure_is_told_and_the_others_are_kept(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    task = _task(tmp_path, a="boom", b="boom")
    _lead(InProcessCrew(work), checkpoint, _cut(task, 8))
    checkpoint.begin()
    for name in "ab":
        (Path(task.job.location) / f"{name}.json").write_text("{")
    task = whole_task(task.job)
    crew = PatientCrew({}, knows=True, size=3)
    with pytest.raises(BatchError, match="session 'a', decode-error"):
        _lead(crew, checkpoint, _cut(task, 1), keep_going=False, may_be_known=True)
    assert [problem.name for problem in checkpoint.problems()] == ["a", "b"]


def test_ctrl_c_keeps_what_was_done(tmp_path: Path, checkpoint: Checkpoint) -> None:
    text = """
said = []
def replay_text(message):
    if message.content == "e": raise KeyboardInterrupt
    said[:] = [message.content]
def replay_batch_result(): return said[:]
"""
    task = _task(tmp_path)
    job = job_of(Path(task.job.location), plugin_at(tmp_path / "interrupted.py", text))
    with pytest.raises(KeyboardInterrupt):
        _lead(InProcessCrew(work), checkpoint, iter([attrs.evolve(task, job=job)]))
    assert _said(checkpoint) == "abcd"


def test_ctrl_c_keeps_what_other_processes_have_done(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    crew = PoolCrew(2, work)

    def tasks() -> Iterator[Task]:
        for number, task in enumerate(_cut(_task(tmp_path), 1)):
            yield task
            if number == len(NAMES) // 2:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _lead(crew, checkpoint, tasks())
    finally:
        signal.signal(signal.SIGINT, before)
        crew.close(now=True)
    assert _said(checkpoint)


def test_processes_do_what_one_does(tmp_path: Path, checkpoint: Checkpoint) -> None:
    crew = PoolCrew(2, work)
    try:
        _lead(crew, checkpoint, _cut(_task(tmp_path), 2))
    finally:
        crew.close()
    assert _said(checkpoint) == NAMES
