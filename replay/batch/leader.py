"""The leader of a batch, which gives tasks to a pool and keeps their results."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from typing import Final, TypeAlias

import attrs

from replay.batch.checkpoint import Checkpoint
from replay.batch.pool import Monitor, Pool, Work
from replay.batch.tasks import (
    Job,
    Place,
    Problem,
    RepeatedSession,
    Task,
    TaskDigests,
    TaskResult,
    single_session_task,
    split_task,
)
from replay.batch.worker import digest_task, replay_task
from replay.errors import BackendError, BatchError, WorkerError
from replay.model.json_text import write_json
from replay.sources.protocols import Portion
from replay.sources.source import Source
from replay.sources.unreadable import FilesWithoutSession


@attrs.frozen
class BatchProgress:
    """The progress of a batch, in sessions."""

    replayed: int = 0  #: in this run
    known: int = 0  #: from an earlier run
    failed: int = 0
    quarantined: int = 0
    expected: int | None = None  #: about how many; None: not all are listed yet


#: Called on the leader's thread whenever some sessions are done.
ProgressCallback: TypeAlias = Callable[[BatchProgress], object]


@attrs.define(eq=False)
class ProgressCounter:
    """A counter of finished sessions that passes its counts on."""

    _callback: ProgressCallback | None  #: None: there is none
    progress: BatchProgress = attrs.field(factory=BatchProgress, init=False)

    def add(
        self, replayed: int = 0, known: int = 0, failed: int = 0, quarantined: int = 0
    ) -> None:
        """Count sessions that are done."""
        now = self.progress
        replayed, known = now.replayed + replayed, now.known + known
        failed, quarantined = now.failed + failed, now.quarantined + quarantined
        self._pass_on(BatchProgress(replayed, known, failed, quarantined, now.expected))

    def expect(self, sessions: int) -> None:
        """Set about how many sessions there are."""
        self._pass_on(attrs.evolve(self.progress, expected=sessions))

    def _pass_on(self, progress: BatchProgress) -> None:
        self.progress = progress
        if self._callback is not None:
            self._callback(progress)


@attrs.define(eq=False)
class Listing:
    """A location's portions, or every n-th of them.

    Args:
        source: The location, opened.
        shard: ``(i, n)``: only the i-th of each n, from 1; None: all.
    """

    _source: Source
    _shard: tuple[int, int] | None
    sessions: int = attrs.field(default=0, init=False)  #: about; 0 until all are listed
    portion_count: int = attrs.field(default=0, init=False)  #: 0 until all are listed
    _digest: bytes | None = attrs.field(default=None, init=False)

    @property
    def location(self) -> str:
        """Return where they are, for messages."""
        return self._source.location

    def portions(self) -> Iterator[tuple[int, Portion]]:
        """Yield the portions with their numbers, from 0.

        Raises:
            BackendError: They cannot be listed, or have changed since the last time.
        """
        hashed = blake2b(digest_size=16)
        sessions = count = 0
        first, step = self._shard or (1, 1)
        for number, portion in enumerate(self._source.portions()):
            hashed.update(write_json(portion.key))
            if number % step == first - 1:
                sessions += portion.sessions
                count += 1
                yield number, portion
        self.sessions, self.portion_count = sessions, count
        if self._digest not in (None, hashed.digest()):
            reason = "it has changed while it was replayed"
            raise BackendError(self._source.location, reason, hint="replay it again")
        self._digest = hashed.digest()


_Located: TypeAlias = tuple[Portion, RepeatedSession]
_MOST: Final = 20_000  # sessions in one task


def repeated_tasks(
    job: Job, listing: Listing, checkpoint: Checkpoint, *, most: int = _MOST
) -> Iterator[Task]:
    """Yield the tasks for all sessions that share an id with others.

    Each was first replayed as if its id were unique. That result is forgotten, in later
    runs too, since the right one depends on the other sessions.

    Args:
        job: The settings of all tasks.
        listing: The portions, listed before; they are listed once more.
        checkpoint: Holds the ids of all sessions.
        most: The largest number of sessions in a task.

    Raises:
        BackendError: The location has changed.
    """
    located = _located(listing, checkpoint.repeated_sessions())
    for some in iter(lambda: [*islice(located, most)], []):
        checkpoint.discard(repeated.place for _, repeated in some)
        yield _task(job, some)


def _located(
    listing: Listing, repeated: Iterator[RepeatedSession]
) -> Iterator[_Located]:
    """Yield repeated sessions with their portions."""
    if (waiting := next(repeated, None)) is None:
        return
    for number, portion in listing.portions():
        while waiting is not None and waiting.place[0] == number:
            yield portion, waiting
            waiting = next(repeated, None)


def _task(job: Job, located: Sequence[_Located]) -> Task:
    portions = {repeated.place[0]: portion for portion, repeated in located}
    places = [repeated.place for _, repeated in located]
    return Task(
        job,
        first=places[0][0],
        portions=tuple(portions.values()),
        numbers=tuple(portions),
        stop=(places[-1][0], places[-1][1] + 1),
        included=frozenset(places),
        repetitions={each.place: each.before for _, each in located},
        is_listed=True,
    )


_Result: TypeAlias = TaskResult | TaskDigests
_PATIENCE: Final = 0.7  # seconds for running tasks to return
_NO_SUM: Final = (
    "run it again; if that does not help, a plugin interferes with its process, or the "
    "location changes"
)


@attrs.frozen
class _Assignment:
    """A task, and the work to do on it."""

    do: Work[_Result]
    task: Task


@attrs.define(eq=False)
class Leader:
    """The leader of a batch, which runs tasks in any order and keeps their results."""

    pool: Pool
    checkpoint: Checkpoint
    counter: ProgressCounter
    keep_going: bool
    _running: dict[Future[_Result], _Assignment] = attrs.field(factory=dict, init=False)
    _waiting: deque[_Assignment] = attrs.field(factory=deque, init=False)
    _suspects: list[Task] = attrs.field(factory=list, init=False)
    _listed: int = attrs.field(default=0, init=False)  # sessions, each once
    _filled: bytearray = attrs.field(factory=bytearray, init=False)  # 1: has sessions
    _monitor: Monitor = attrs.field(factory=Monitor, init=False)

    def run(self, tasks: Iterator[Task], *, may_be_known: bool) -> None:
        """Run all tasks, and keep their results.

        Args:
            tasks: Taken one by one as they can be submitted.
            may_be_known: First compare digests, and replay only what isn't known.

        Raises:
            BatchError: A session could not be replayed, and ``keep_going`` is false.
            KeyboardInterrupt: What was done by then is kept.
            ReplayError: A worker cannot start, or a plugin raised MustStopError.
        """
        begin = digest_task if may_be_known else replay_task
        try:
            while self._submit(begin, tasks) or self._try_suspects():
                finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
                for future in [each for each in self._running if each in finished]:
                    self._take(self._running.pop(future), future)
        except BaseException:
            self._stop()
            raise

    def check_sum(self, sessions: int) -> None:
        """Check that each session that was listed has been accounted for once.

        Args:
            sessions: How many were replayed, known, failed or quarantined.

        Raises:
            WorkerError: They are not as many as the results listed.
        """
        if sessions != self._listed:
            reason = f"{self._listed} sessions were listed, {sessions} have a result"
            raise WorkerError(reason, _NO_SUM)

    def empty_portions(self, listing: Listing) -> FilesWithoutSession:
        """Return the portions in which no session was found.

        Raises:
            BackendError: The location has changed.
        """
        empty = FilesWithoutSession()
        if listing.portion_count > self._filled.count(1):
            for number, portion in listing.portions():
                if not any(self._filled[number : number + 1]):
                    empty.add(str(portion.key[0]))
        return empty

    def _submit(self, begin: Work[_Result], tasks: Iterator[Task]) -> bool:
        """Submit enough tasks to keep the pool busy; tell whether any is running."""
        while len(self._running) < 2 * self.pool.size:
            if self._waiting:
                given = self._waiting.popleft()
            elif (task := next(tasks, None)) is not None:
                given = _Assignment(begin, task)
            else:
                break
            self._monitor.end_child()  # of a backend that lists, or of a callback
            future = self.pool.submit(given.do, given.task)
            self._running[future] = given
            if future.done():  # it may be the last one, if it ends the batch
                break
        return bool(self._running)

    def _take(self, given: _Assignment, future: Future[_Result]) -> None:
        if error := future.exception():
            self._handle_death(given, error)
        elif isinstance(result := future.result(), TaskDigests):
            self._compare(given.task, result)
        else:
            self._keep(given.task, result)

    def _compare(self, task: Task, result: TaskDigests) -> None:
        """Queue the sessions that aren't known, to be replayed."""
        self._listed += len(result.found) + len(result.problems)
        self._fill(each.place for each in result.found)
        self._fill(each.place for each in result.problems)
        missing = self.checkpoint.place_known(result)
        self.counter.add(known=len(result.found) - len(missing))
        if missing:
            stop = result.resume_at or task.stop
            left = attrs.evolve(
                task, included=frozenset(missing), stop=stop, is_listed=True
            )
            self._waiting.append(_Assignment(replay_task, left))
        if result.resume_at is not None:
            rest = attrs.evolve(task, start=result.resume_at)
            self._waiting.append(_Assignment(digest_task, rest))
        self._check(result.problems)

    def _keep(self, task: Task, result: TaskResult) -> None:
        self._save_results(task, result)
        if not task.is_listed:
            self._listed += result.listed
        if result.resume_at is not None:
            rest = attrs.evolve(task, start=result.resume_at)
            self._waiting.appendleft(_Assignment(replay_task, rest))
        if result.is_interrupted:
            raise KeyboardInterrupt
        self._check(result.problems)

    def _fill(self, places: Iterable[Place]) -> None:
        """Mark the portions that have these sessions."""
        for number, _ in places:
            self._filled.extend(bytes(max(0, number + 1 - len(self._filled))))
            self._filled[number] = 1

    def _check(self, problems: Sequence[Problem]) -> None:
        quarantined = sum(each.is_quarantined for each in problems)
        failed = len(problems) - quarantined
        self.counter.add(failed=failed, quarantined=quarantined)
        if failed and not self.keep_going:
            first = next(each for each in problems if not each.is_quarantined)
            raise BatchError(first.name, first.code, first.reason)

    def _handle_death(self, given: _Assignment, error: BaseException) -> None:
        """Retry a task without the sessions that may have killed its worker."""
        death = self.pool.death_of(error)
        if death is None:
            raise error
        suspects = death.suspects
        if suspects:  # None if it was at no session of this task, but opening a file
            suspects = frozenset(filter(given.task.has, suspects)) or None
        if suspects is not None:
            self._suspects += (
                single_session_task(given.task, each) for each in sorted(suspects)
            )
            left = attrs.evolve(given.task, excluded=given.task.excluded | suspects)
            self._waiting.append(_Assignment(given.do, left))
        elif parts := split_task(given.task):
            self._waiting.extend(_Assignment(given.do, part) for part in parts)
        else:
            self._suspects.append(given.task)

    def _try_suspects(self) -> bool:
        """Replay alone each session that may have killed a worker, if there are any."""
        suspects, self._suspects = self._suspects, []
        if not suspects:
            return False
        threads = ThreadPoolExecutor(self.pool.size)
        try:
            results = threads.map(self.pool.alone, suspects)
            for task, result in zip(suspects, results, strict=True):
                self._keep(task, result)
        finally:  # after an error, its threads last until the pool is closed
            threads.shutdown(wait=False, cancel_futures=True)
        return True

    def _stop(self) -> None:
        """Keep the results of running tasks, if they return quickly."""
        self.pool.drain()
        finished, _ = wait(self._running, timeout=_PATIENCE)
        for future in finished:
            if not future.cancelled() and future.exception() is None:
                result = future.result()
                if isinstance(result, TaskResult):
                    with suppress(WorkerError):  # another error is being raised
                        self._save_results(self._running[future].task, result)

    def _save_results(self, task: Task, result: TaskResult) -> None:
        """Save the results of a task.

        Raises:
            WorkerError: They are another task's, or not all that it listed.
        """
        places = [done.found.place for done in result.done]
        places += [each.place for each in result.problems]
        portions = {number for number, _ in task.numbered()}
        is_own = all(each[0] in portions and task.has(each) for each in places)
        is_sum = len(places) == len({*places}) == result.listed
        if not is_own or not (is_sum or result.is_interrupted):
            reason = "a worker's answer does not hold each session of its task once"
            raise WorkerError(reason, _NO_SUM)
        self._fill(places)
        self.checkpoint.save(result)
        self.counter.add(replayed=len(result.done))
