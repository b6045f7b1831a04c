"""Leads a batch: gives out tasks, and keeps what comes of them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from hashlib import blake2b
from itertools import islice
from typing import Final, TypeAlias

import attrs

from replay.batch.checkpoint import Checkpoint
from replay.batch.pool import Crew, Died
from replay.batch.progress import Watched
from replay.batch.tasks import (
    Digested,
    Job,
    Place,
    Problem,
    Repeated,
    Task,
    Worked,
    alone,
    cut,
)
from replay.batch.worker import digests, work
from replay.errors import BackendError, BatchError
from replay.model.json_text import write
from replay.sources.protocols import Portion
from replay.sources.source import Source


@attrs.define(eq=False)
class Listing:
    """A location's portions, or every n-th of them.

    Args:
        source: What yields them.
        shard: ``(i, n)``: only the i-th of each n, from 1; None: all.
    """

    _source: Source
    _shard: tuple[int, int] | None
    sessions: int = attrs.field(default=0, init=False)  #: about how many, at the end
    _digest: bytes | None = attrs.field(default=None, init=False)

    def portions(self) -> Iterator[tuple[int, Portion]]:
        """Yield the portions with their numbers, from 0.

        Raises:
            BackendError: They cannot be listed, or are not what they were before.
        """
        hashed = blake2b(digest_size=16)
        sessions = 0
        first, step = self._shard or (1, 1)
        for number, portion in enumerate(self._source.portions()):
            hashed.update(write(portion.key))
            if number % step == first - 1:
                sessions += portion.sessions
                yield number, portion
        self.sessions = sessions
        if self._digest not in (None, hashed.digest()):
            reason = "it has changed while it was replayed"
            raise BackendError(self._source.location, reason, hint="replay it again")
        self._digest = hashed.digest()


_Located: TypeAlias = tuple[Portion, Repeated]
_MOST: Final = 20_000  # sessions of one task


def of_repeated(
    job: Job, listing: Listing, checkpoint: Checkpoint, *, most: int = _MOST
) -> Iterator[Task]:
    """Yield the tasks of all sessions whose ids others have too.

    Alone, each was taken for the only one of its id. What it came to is forgotten, in
    later runs too: it depends on the others.

    Args:
        job: What is replayed.
        listing: Its portions, which were listed before. They are listed once more.
        checkpoint: Knows what all were found to be called.
        most: How many sessions make a task.

    Raises:
        BackendError: The location has changed.
    """
    located = _located(listing, checkpoint.repeated())
    for some in iter(lambda: [*islice(located, most)], []):
        checkpoint.forget(repeated.place for _, repeated in some)
        yield _task(job, some)


def _located(listing: Listing, repeated: Iterator[Repeated]) -> Iterator[_Located]:
    """Yield sessions with the portions that they are in."""
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
        only=frozenset(places),
        repetitions={each.place: each.before for _, each in located},
    )


_Answer: TypeAlias = Worked | Digested
_PATIENCE: Final = 0.7  # seconds, with those who are to stop


@attrs.frozen
class _Assignment:
    """A task, and what is to be done with it."""

    do: Callable[[Task], _Answer]
    task: Task


@attrs.define(eq=False)
class Leader:
    """Has tasks done, in any order; what comes of them is in the checkpoint."""

    crew: Crew
    checkpoint: Checkpoint
    watched: Watched  #: is told what was done
    keep_going: bool
    _running: dict[Future[_Answer], _Assignment] = attrs.field(factory=dict, init=False)
    _waiting: deque[_Assignment] = attrs.field(factory=deque, init=False)
    _suspects: list[Task] = attrs.field(factory=list, init=False)

    def lead(self, tasks: Iterator[Task], *, may_be_known: bool) -> None:
        """Have all tasks done.

        Args:
            tasks: Asked for when they can be given out.
            may_be_known: Ask what is stored first; replay what is not known.

        Raises:
            BatchError: A session could not be replayed, and this is not to go on.
            KeyboardInterrupt: What was done by then is kept.
            ReplayError: A worker cannot begin, or a plugin said that all must stop.
        """
        begin = digests if may_be_known else work
        try:
            while self._give_out(begin, tasks) or self._try_suspects():
                finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
                for future in [each for each in self._running if each in finished]:
                    self._take(self._running.pop(future), future)
        except BaseException:
            self._stop()
            raise

    def _give_out(
        self, begin: Callable[[Task], _Answer], tasks: Iterator[Task]
    ) -> bool:
        """Give out as much as the crew can have at hand; tell whether any is."""
        while len(self._running) < 2 * self.crew.size:
            if self._waiting:
                given = self._waiting.popleft()
            elif (task := next(tasks, None)) is not None:
                given = _Assignment(begin, task)
            else:
                break
            future = self.crew.submit(given.do, given.task)
            self._running[future] = given
            if future.done():  # it may be the last one that is to be given out
                break
        return bool(self._running)

    def _take(self, given: _Assignment, future: Future[_Answer]) -> None:
        error = future.exception()
        if error is not None:
            self._mourn(given, error)
        elif isinstance(answer := future.result(), Digested):
            self._compare(given.task, answer)
        else:
            self._keep(given.task, answer)

    def _compare(self, task: Task, answer: Digested) -> None:
        """Have replayed what is not known."""
        missing = self.checkpoint.place_known(answer)
        self.watched.add(known=len(answer.found) - len(missing))
        if missing:
            stop = answer.rest or task.stop
            left = attrs.evolve(task, only=frozenset(missing), stop=stop)
            self._waiting.append(_Assignment(work, left))
        if answer.rest is not None:
            rest = attrs.evolve(task, start=answer.rest)
            self._waiting.append(_Assignment(digests, rest))
        self._check(answer.problems)

    def _keep(self, task: Task, answer: Worked) -> None:
        self.checkpoint.keep(answer)
        self.watched.add(replayed=len(answer.done))
        if answer.rest is not None:
            rest = attrs.evolve(task, start=answer.rest)
            self._waiting.appendleft(_Assignment(work, rest))
        if answer.is_interrupted:
            raise KeyboardInterrupt
        self._check(answer.problems)

    def _check(self, problems: Sequence[Problem]) -> None:
        quarantined = sum(each.is_quarantined for each in problems)
        failed = len(problems) - quarantined
        self.watched.add(failed=failed, quarantined=quarantined)
        if failed and not self.keep_going:
            first = next(each for each in problems if not each.is_quarantined)
            raise BatchError(first.name, first.code, first.reason)

    def _mourn(self, given: _Assignment, error: BaseException) -> None:
        """Give out again what was lost, but for what its worker may have died of."""
        died = self.crew.died(error)
        if died is None:
            raise error
        suspects = _suspects_of(given.task, died)
        if suspects is not None:
            self._suspects += (alone(given.task, each) for each in sorted(suspects))
            left = attrs.evolve(given.task, without=given.task.without | suspects)
            self._waiting.append(_Assignment(given.do, left))
        elif parts := cut(given.task):
            self._waiting.extend(_Assignment(given.do, part) for part in parts)
        else:
            self._suspects.append(given.task)

    def _try_suspects(self) -> bool:
        """Replay each session by itself that a worker may have died of, if any is."""
        suspects, self._suspects = self._suspects, []
        if not suspects:
            return False
        threads = ThreadPoolExecutor(self.crew.size)
        try:
            answers = threads.map(self.crew.alone, suspects)
            for task, answer in zip(suspects, answers, strict=True):
                self._keep(task, answer)
        finally:  # where something is wrong, they wait until the crew is closed
            threads.shutdown(wait=False, cancel_futures=True)
        return True

    def _stop(self) -> None:
        """Keep what those who are at work have done, if they are quick to say."""
        self.crew.hurry()
        finished, _ = wait(self._running, timeout=_PATIENCE)
        for future in finished:
            if not future.cancelled() and future.exception() is None:
                answer = future.result()
                if isinstance(answer, Worked):
                    self.checkpoint.keep(answer)
                    self.watched.add(replayed=len(answer.done))


def _suspects_of(task: Task, died: Died) -> frozenset[Place] | None:
    """Return the sessions of a task that its worker may have died of.

    Returns:
        None: nobody knows; it was at none of them, such as when it opened a file.
    """
    if not died.suspects:
        return died.suspects
    return frozenset(filter(task.has, died.suspects)) or None
