"""Concurrent fetches with results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

import attrs

from replay.errors import ReplayError

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")


def in_order(
    fetch: Callable[[_Key], _Found],
    keys: Iterable[_Key],
    at_once: int,
    end: Callable[[], object] | None = None,
) -> Iterator[_Found]:
    """Yield ``fetch(key)`` for each key, in the order of the keys.

    At most twice *at_once* keys are read, and results kept, ahead of the one being
    yielded. An error is raised in its turn; the next call yields the next result.

    Args:
        fetch: Called in other threads.
        keys: Read in this thread; a ReplayError from reading them is raised after the
            earlier results.
        at_once: Maximum number of concurrent calls; at least 1.
        end: Called when no more results are wanted, to end running calls at once.
            None: they run to completion.
    """
    return map(Future.result, _fetched(fetch, keys, at_once, end))


def _fetched(
    fetch: Callable[[_Key], _Found],
    keys: Iterable[_Key],
    at_once: int,
    end: Callable[[], object] | None,
) -> Iterator[Future[_Found]]:
    """Yield the future of each result, in the order of the keys."""
    waiting: deque[Future[_Found]] = deque()
    todo = iter(keys)
    fetchers = _Fetchers(fetch, at_once)
    try:
        while True:
            try:
                for key in islice(todo, 2 * at_once - len(waiting)):
                    waiting.append(fetchers.submit(key))
            except ReplayError as error:
                waiting.append(Future())
                waiting[-1].set_exception(error)
            if not waiting:
                return
            yield waiting.popleft()
    finally:
        for future in waiting:
            future.cancel()
        fetchers.stop()
        if end:
            end()


@attrs.define(eq=False)
class _Fetchers(Generic[_Key, _Found]):
    """Daemon threads, which a program doesn't wait for when it exits.

    It would wait for those of the standard library's pool: Ctrl-C would have no effect
    until a hung service times out.
    """

    _fetch: Callable[[_Key], _Found]
    _max_threads: int
    _threads: int = attrs.field(default=0, init=False)
    #: Pending tasks; None tells the thread that takes it to end.
    _todo: "SimpleQueue[tuple[Future[_Found], _Key] | None]" = attrs.field(
        factory=SimpleQueue, init=False
    )

    def submit(self, key: _Key) -> "Future[_Found]":
        """Queue a key for the first free thread, and return its future."""
        future: Future[_Found] = Future()
        self._todo.put((future, key))
        if self._threads < self._max_threads:
            self._threads += 1
            Thread(target=self._work, name="chat-replay", daemon=True).start()
        return future

    def stop(self) -> None:
        """Let all threads end after the tasks already queued."""
        for _ in range(self._threads):
            self._todo.put(None)

    def _work(self) -> None:
        while (task := self._todo.get()) is not None:
            future, key = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._fetch(key))
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                future.set_exception(error)
