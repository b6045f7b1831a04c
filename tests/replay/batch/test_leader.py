"""The leader of a batch: its listing, tasks, results and counts."""

import gzip
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batches import directory_of, document, job_of, lines_of, plugin_at, whole_task
from in_memory import InMemory
from replay import BackendError, BatchError, MustStopError, Session, WorkerError
from replay import open as open_source
from replay.batch.checkpoint import Checkpoint
from replay.batch.executor_pool import ExecutorPool
from replay.batch.leader import (
    BatchProgress,
    Leader,
    Listing,
    ProgressCounter,
    repeated_tasks,
)
from replay.batch.pool import Death, InProcessPool, Monitor, Pool, Work
from replay.batch.process_pool import ProcessPool
from replay.batch.tasks import (
    Counts,
    Job,
    Place,
    Problem,
    SessionResult,
    Task,
    TaskResult,
)
from replay.batch.worker import digest_task, replay_task
from replay.sources.source import Source

NAMES = "abcdefgh"
Result = TypeVar("Result")


@pytest.fixture
def checkpoint() -> Iterator[Checkpoint]:
    checkpoint = Checkpoint(None, b"plugins")
    checkpoint.begin()
    yield checkpoint
    checkpoint.close()


def _task(folder: Path, **said: str) -> Task:
    """Return the task of some sessions, some of them with another text."""
    sessions = {name: said.get(name, name) for name in NAMES}
    location = directory_of(folder / "sessions", sessions)
    return whole_task(job_of(location, plugin_at(folder / "giving.py")))


def _with_plugin(task: Task, text: str) -> Task:
    location = Path(task.job.location)
    plugin = plugin_at(location.with_name("other.py"), text)
    return attrs.evolve(task, job=job_of(location, plugin, keep_going=True))


def _cut(task: Task, size: int) -> Iterator[Task]:
    """Yield a task cut into several, of *size* portions each."""
    for first in range(0, len(task.portions), size):
        portions = task.portions[first : first + size]
        yield attrs.evolve(task, first=first, portions=portions)


def _lead(
    pool: Pool,
    checkpoint: Checkpoint,
    tasks: Iterator[Task],
    *,
    keep_going: bool = True,
    may_be_known: bool = False,
) -> BatchProgress:
    counter = ProgressCounter(None)
    leader = Leader(pool, checkpoint, counter, keep_going=keep_going)
    leader.run(tasks, may_be_known=may_be_known)
    leader.check_sum(checkpoint.report().sessions)
    return counter.progress


def _said(checkpoint: Checkpoint) -> str:
    values = [result.value for result in checkpoint.results(0)]
    return "".join(value[0] for value in values if isinstance(value, list))


class DeathError(Exception):
    """The death of a worker at a session."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


@attrs.define
class MortalPool(InProcessPool):
    """A pool that dies at a deadly session.

    Args:
        deadly: Number of times that each session is deadly; -1: always.
        knows: Whether it knows the cause of death.
    """

    work: Work[TaskResult] = attrs.field(default=replay_task, init=False)
    size: int = attrs.field(default=2, kw_only=True)
    deadly: dict[Place, int] = attrs.field(factory=dict)
    knows: bool = True
    #: one that is in no hurry: the number of results must not depend on the time
    _monitor: Monitor = attrs.field(factory=Monitor, init=False)

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        try:
            self._meet(task)
        except DeathError as error:
            future: Future[Result] = Future()
            future.set_exception(error)
            return future
        return super().submit(work, task)

    def death_of(self, error: BaseException) -> Death | None:
        if not isinstance(error, DeathError):
            return None
        return Death(frozenset([error.place]) if self.knows else None)

    def alone(self, task: Task) -> TaskResult:
        try:
            return super().alone(task)
        except DeathError as error:
            died = Problem(error.place, "?", "crashed", "no", is_quarantined=True)
            return TaskResult((), (died,))

    def _meet(self, task: Task) -> None:
        """Die at a task's first deadly session."""
        for found in digest_task(task, Monitor()).found:
            if self.deadly.get(found.place, 0):
                self.deadly[found.place] -= 1
                raise DeathError(found.place)


@attrs.define
class PatientPool(MortalPool):
    """A pool that answers all at once, when it has taken as much as it can."""

    _answers: list[Callable[[], None]] = attrs.field(factory=list, init=False)

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
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
    for pool in (InProcessPool(replay_task), ProcessPool(2, replay_task)):
        checkpoint.begin()
        progress = _lead(pool, checkpoint, _cut(_task(tmp_path), 3))
        pool.close()
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
        pool = ExecutorPool(executor, replay_task)
        _lead(pool, checkpoint, tasks(2 * pool.size))
    assert len(asked) == len(NAMES)


def test_what_is_known_is_not_replayed_again(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    pool = InProcessPool(replay_task)
    _lead(pool, checkpoint, _cut(_task(tmp_path), 3))
    checkpoint.begin()
    changed = _task(tmp_path, c="C", d="D")
    progress = _lead(pool, checkpoint, _cut(changed, 3), may_be_known=True)
    assert progress == BatchProgress(replayed=2, known=len(NAMES) - 2)
    assert _said(checkpoint) == "abCDefgh"


def test_what_is_stored_is_told_in_several_results(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    count = 20_000 + 2  # more than a result tells of
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"events": []}\n' * count, 1))
    task = whole_task(job_of(path, plugin_at(tmp_path / "giving.py")))
    found = digest_task(attrs.evolve(task, start=(0, 4)), Monitor()).found
    done = tuple(SessionResult(each, each.name, Counts(), b"[]") for each in found)
    checkpoint.save(TaskResult(done, ()))
    checkpoint.begin()
    pool = InProcessPool(replay_task)
    progress = _lead(pool, checkpoint, iter([task]), may_be_known=True)
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
    pool = MortalPool({(n, 0): times for n, times in deadly.items()}, knows)
    progress = _lead(pool, checkpoint, _cut(_task(tmp_path), size))
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
class MistakenPool(MortalPool):
    """A pool that blames its death on a session outside its task."""

    def death_of(self, error: BaseException) -> Death | None:
        died = super().death_of(error)
        return died and Death(frozenset([(99, 0)]))


def test_a_suspect_that_the_task_does_not_have_is_none_and_nothing_ends(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    pool = MistakenPool({(2, 0): -1})
    _lead(pool, checkpoint, _cut(_task(tmp_path), 3), keep_going=False)
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
    task = _with_plugin(_task(tmp_path), text)
    pool = ProcessPool(2, replay_task)
    try:
        _lead(pool, checkpoint, iter([task]))
    finally:
        pool.close()
    (problem,) = checkpoint.problems()
    assert (problem.place, problem.name) == ((2, 0), "c.json")
    assert checkpoint.report().sessions == len(NAMES)


def test_a_failure_ends_a_batch_or_is_passed_over(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    task = _task(tmp_path, c="boom")
    with pytest.raises(BatchError, match=r"session 'c', plugin-error: .*no booms"):
        _lead(InProcessPool(replay_task), checkpoint, _cut(task, 1), keep_going=False)
    assert _said(checkpoint) == "ab"
    progress = _lead(InProcessPool(replay_task), checkpoint, _cut(task, 3))
    assert progress == BatchProgress(replayed=len(NAMES) - 1, failed=1)
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
    task = _with_plugin(_task(tmp_path), text)
    tasks = _cut(task, 1)
    pool = PatientPool(size=len(NAMES) - 1)
    with pytest.raises(MustStopError, match="full"):
        _lead(pool, checkpoint, tasks)
    assert _said(checkpoint) == "abcdgh"


def test_the_first_failure_is_told_and_the_others_are_kept(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    task = _task(tmp_path, a="boom", b="boom")
    _lead(InProcessPool(replay_task), checkpoint, _cut(task, 8))
    checkpoint.begin()
    for name in "ab":
        (Path(task.job.location) / f"{name}.json").write_text("{")
    task = whole_task(task.job)
    pool = PatientPool(size=3)
    with pytest.raises(BatchError, match="session 'a', decode-error"):
        _lead(pool, checkpoint, _cut(task, 1), keep_going=False, may_be_known=True)
    assert [problem.name for problem in checkpoint.problems()] == ["a", "b"]


def test_ctrl_c_keeps_what_was_done(tmp_path: Path, checkpoint: Checkpoint) -> None:
    text = """
said = []
def replay_text(message):
    if message.content == "e": raise KeyboardInterrupt
    said[:] = [message.content]
def replay_batch_result(): return said[:]
"""
    task = _with_plugin(_task(tmp_path), text)
    with pytest.raises(KeyboardInterrupt):
        _lead(InProcessPool(replay_task), checkpoint, iter([task]))
    assert _said(checkpoint) == "abcd"


def test_ctrl_c_keeps_what_other_processes_have_done(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    pool = ProcessPool(2, replay_task)

    def tasks() -> Iterator[Task]:
        for number, task in enumerate(_cut(_task(tmp_path), 1)):
            yield task
            if number == len(NAMES) // 2:
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _lead(pool, checkpoint, tasks())
    finally:
        signal.signal(signal.SIGINT, before)
        pool.close(now=True)
    assert _said(checkpoint)


# The sum


@attrs.define
class WrongPool(PatientPool):
    """A pool that answers two tasks at once, and changes the second answer."""

    size: int = attrs.field(default=1, init=False)
    change: Callable[[TaskResult], TaskResult] = attrs.field(kw_only=True)

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        future: Future[Any] = Future()

        def pass_on(given: Future[Any]) -> None:
            result = given.result()
            future.set_result(self.change(result) if task.first else result)

        super().submit(work, task).add_done_callback(pass_on)
        return future


def _without_one(result: TaskResult) -> TaskResult:
    return attrs.evolve(result, done=result.done[1:])


def _with_one_twice(result: TaskResult) -> TaskResult:
    return attrs.evolve(result, done=(result.done[0], *result.done[:-1]))


def _of_another_task(result: TaskResult) -> TaskResult:
    moved = [
        attrs.evolve(each, found=attrs.evolve(each.found, place=(number, 0)))
        for number, each in enumerate(result.done)
    ]
    return attrs.evolve(result, done=tuple(moved))


@pytest.mark.parametrize("change", [_without_one, _with_one_twice, _of_another_task])
def test_an_answer_must_hold_each_session_of_its_task_once(
    tmp_path: Path, checkpoint: Checkpoint, change: Callable[[TaskResult], TaskResult]
) -> None:
    pool = WrongPool(change=change)
    with pytest.raises(WorkerError, match="each session of its task once"):
        _lead(pool, checkpoint, _cut(_task(tmp_path), 4))
    assert _said(checkpoint) == "abcd"


def test_a_wrong_answer_does_not_hide_why_the_batch_ends(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    pool = WrongPool(change=_without_one)
    with pytest.raises(BatchError, match="no booms"):
        _lead(pool, checkpoint, _cut(_task(tmp_path, a="boom"), 4), keep_going=False)


def test_each_session_that_was_listed_must_be_accounted_for(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    task = _task(tmp_path, c="boom")
    for known in (False, True):
        leader = Leader(
            InProcessPool(replay_task),
            checkpoint,
            ProgressCounter(None),
            keep_going=True,
        )
        leader.run(_cut(task, 3), may_be_known=known)
        leader.check_sum(checkpoint.report().sessions)
        with pytest.raises(
            WorkerError, match="8 sessions were listed, 7 have a result"
        ):
            leader.check_sum(7)
        checkpoint.begin()
        (Path(task.job.location) / "c.json").write_text("{")


# Listing


def _source(*ids: str) -> Source:
    return Source(InMemory([*map(Session, ids)]), "somewhere")


def _ids(listing: Listing) -> list[tuple[int, object]]:
    return [(number, portion.key[0]) for number, portion in listing.portions()]


def test_a_shard_has_every_nth_portion_with_its_number() -> None:
    source = _source(*"abcde")
    assert _ids(Listing(source, (1, 2))) == [(0, "a"), (2, "c"), (4, "e")]
    listing = Listing(source, (2, 2))
    for _ in range(2):
        assert _ids(listing) == [(1, "b"), (3, "d")]
        assert listing.sessions == len("bd")


def test_what_has_changed_cannot_be_listed_again() -> None:
    source = _source("a", "b")
    listing = Listing(source, (1, 2))
    _ids(listing)
    assert isinstance(source.backend, InMemory)
    source.backend.kept[1] = Session("c")
    with pytest.raises(BackendError, match="somewhere: it has changed while"):
        _ids(listing)


# Repeated ids


def _replayed(folder: Path, ids: str, checkpoint: Checkpoint) -> Job:
    """Replay a file for each id by itself, and keep the results."""
    for number, session_id in enumerate(ids):
        path = folder / f"{number:02}.json"
        path.write_text(json.dumps(document(session_id, f"{number}")))
    task = whole_task(job_of(folder))
    checkpoint.begin()
    checkpoint.save(replay_task(task, Monitor()))
    return task.job


def _repeated(job: Job, checkpoint: Checkpoint) -> list[Task]:
    with open_source(job.location) as source:
        return [*repeated_tasks(job, Listing(source, None), checkpoint)]


def _places(task: Task) -> list[Place]:
    assert task.included is not None
    return sorted(task.included)


def test_all_sessions_of_repeated_ids_are_replayed_and_the_later_ones_say_so(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "abc", checkpoint)
    assert _repeated(job, checkpoint) == []
    job = _replayed(tmp_path, "abcbda", checkpoint)
    before = checkpoint.report().sessions
    (task,) = _repeated(job, checkpoint)
    assert before - checkpoint.report().sessions == len("abba"), "they are forgotten"
    assert _places(task) == [(0, 0), (1, 0), (3, 0), (5, 0)]
    assert [number for number, _ in task.numbered()] == [0, 1, 3, 5]
    found = [
        (d.session_id, d.counts.diagnostics) for d in replay_task(task, Monitor()).done
    ]
    assert found == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]


def test_many_are_several_tasks_which_say_the_same(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "abaab", checkpoint)
    with open_source(job.location) as source:
        listing = Listing(source, None)
        tasks = [*repeated_tasks(job, listing, checkpoint, most=3)]
    assert [*map(_places, tasks)] == [[(0, 0), (1, 0), (2, 0)], [(3, 0), (4, 0)]]
    done = [each for task in tasks for each in replay_task(task, Monitor()).done]
    assert [(d.session_id, d.counts.diagnostics) for d in done] == [
        *(("a", 0), ("b", 0), ("a", 1), ("a", 1), ("b", 1))
    ]


def test_sessions_of_one_portion_are_told_apart(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    path = lines_of(tmp_path / "s.jsonl", [(each, each) for each in "abcab"])
    task = whole_task(job_of(path))
    checkpoint.begin()
    checkpoint.save(replay_task(task, Monitor()))
    (again,) = _repeated(task.job, checkpoint)
    assert again.repetitions == {(0, 0): 0, (0, 1): 0, (0, 3): 1, (0, 4): 1}
    assert len(again.portions) == 1


def test_a_location_that_has_changed_is_not_guessed_at(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "aa", checkpoint)
    with open_source(job.location) as source:
        listing = Listing(source, None)
        assert len([*listing.portions()]) == len("aa")
        (tmp_path / "00-before.json").write_text("[]")
        with pytest.raises(BackendError, match="changed while it was replayed"):
            next(repeated_tasks(job, listing, checkpoint))


# Progress


def test_what_was_done_adds_up() -> None:
    told: list[BatchProgress] = []
    counter = ProgressCounter(told.append)
    counter.add(replayed=2, failed=1)
    counter.add(replayed=3, known=4, quarantined=5)
    counter.expect(6)
    assert counter.progress == told.pop() == BatchProgress(5, 4, 1, 5, 6)
    assert told == [BatchProgress(2, failed=1), BatchProgress(5, 4, 1, 5)]
