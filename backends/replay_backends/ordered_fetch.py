"""Concurrent fetches, their results in order."""

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

    No more than twice *at_once* keys are read, and results kept, ahead of the one that
    is yielded. An error is raised in its turn; what comes after it is dropped.

    Args:
        fetch: Called in other threads.
        keys: Read in this thread; a ReplayError is raised after their results.
        at_once: How many calls may be under way; at least 1.
        end: Called when nothing is wanted any more; makes the calls end at once. None:
            they come to their end.
    """
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
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        fetchers.dismiss()
        if end:
            end()


@attrs.define(eq=False)
class _Fetchers(Generic[_Key, _Found]):
    """Threads that a program does not wait for when it ends.

    Those of the standard library's pool are waited for: Ctrl-C would do nothing until a
    service that hangs is given up.
    """

    _fetch: Callable[[_Key], _Found]
    _most: int
    _threads: int = attrs.field(default=0, init=False)
    #: What is to be done; None: there is no more for the thread that takes it.
    _todo: "SimpleQueue[tuple[Future[_Found], _Key] | None]" = attrs.field(
        factory=SimpleQueue, init=False
    )

    def submit(self, key: _Key) -> "Future[_Found]":
        """Have a key fetched by the first thread that is free."""
        future: Future[_Found] = Future()
        self._todo.put((future, key))
        if self._threads < self._most:
            self._threads += 1
            Thread(target=self._work, name="chat-replay", daemon=True).start()
        return future

    def dismiss(self) -> None:
        """Let all threads end after what they are at."""
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
