"""The workers of a crew that live: hired, dismissed, and all of them told to hurry."""

import threading
from collections.abc import Callable
from typing import Final

import attrs

from replay.batch.deaths import WorkerDiedError, ending, quarantined
from replay.batch.tasks import Task, Worked
from replay.batch.worker_process import Shared
from replay.batch.workers import Worker, shared
from replay.worker_errors import WorkerError

#: How many workers in a row may be killed before they could do anything.
TRIES: Final = 3
_HINT: Final = (
    "see above what it said; a script that begins a batch does so under "
    'if __name__ == "__main__":'
)


@attrs.define(eq=False)
class Staff:
    """The workers of one crew. All methods may be called by any thread."""

    is_closed: bool = attrs.field(default=False, init=False)
    _living: set[Worker] = attrs.field(factory=set, init=False)
    _orders: Shared = attrs.field(factory=lambda: shared(1), init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def hire(self) -> Worker:
        """Return a new worker.

        Raises:
            WorkerError: None can be had: it ends by itself before it has begun, or is
                killed again and again; or all were dismissed.
        """
        tries = 0
        while True:
            tries += 1
            worker = self._listed(Worker(self._orders))
            exit_code = worker.failure()
            if exit_code is None:
                return worker
            self.dismiss(worker)
            if exit_code >= 0 or tries == TRIES or self.is_closed:
                reason = f"a worker died before it had begun: {ending(exit_code)}"
                raise WorkerError(reason, _HINT)

    def dismiss(self, worker: Worker) -> None:
        """Let a worker go, and wait until it is gone."""
        with self._lock:
            self._living.discard(worker)
        worker.close()

    def alone(self, work: Callable[[Task], Worked], task: Task) -> Worked:
        """Have a task of one session done by a worker of its own."""
        tries = 0
        while True:
            tries += 1
            worker = self.hire()
            try:
                return worker.ask(work, task)
            except WorkerDiedError as died:
                if died.mark or tries == TRIES:
                    return quarantined(task, died)
            finally:
                self.dismiss(worker)

    def hurry(self) -> None:
        """Have all workers return after the session that they are at."""
        self._orders[0] = 1

    def kill(self) -> None:
        """End all workers at once; no more can be hired."""
        with self._lock:
            self.is_closed = True
            living = [*self._living]
        for worker in living:
            worker.kill()

    def _listed(self, worker: Worker) -> Worker:
        """Return a worker, having noted that it lives."""
        with self._lock:
            self._living.add(worker)
            is_closed = self.is_closed
        if is_closed:
            worker.kill()
        return worker
