"""Many things fetched at once, and given in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from replay.errors import ReplayError

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")


def in_order(
    fetch: Callable[[_Key], _Found],
    keys: Iterable[_Key],
    at_once: int,
    end: Callable[[], object],
) -> Iterator[_Found]:
    """Yield ``fetch(key)`` for each key, in the order of the keys.

    No more than twice *at_once* keys are read, and results kept, ahead of the one that
    is yielded. An error is raised in its turn; what comes after it is dropped.

    Args:
        fetch: Called in other threads.
        keys: Read in this thread; a ReplayError is raised after their results.
        at_once: How many calls may be under way; at least 1.
        end: Called when nothing is wanted any more; makes the calls end at once.
    """
    waiting: deque[Future[_Found]] = deque()
    todo = iter(keys)
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="chat-replay")
    try:
        while True:
            try:
                for key in islice(todo, 2 * at_once - len(waiting)):
                    waiting.append(executor.submit(fetch, key))
            except ReplayError as error:
                waiting.append(Future())
                waiting[-1].set_exception(error)
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        end()
