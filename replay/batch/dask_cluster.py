"""The workers of a Dask cluster, as an executor."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Final

from replay.errors import UnsupportedError
from replay.worker_errors import WorkerError

_DASK: Final = "Dask"
_PATIENCE: Final = 10.0  # seconds, with a scheduler that does not answer
_LATER: Final = 1.2  # Dask's own end, at the timeout, comes first: it says why


@contextmanager
def dask_executor(address: str, *, timeout: float = _PATIENCE) -> Iterator[Executor]:
    """Yield the workers of a cluster; at the end of the block, leave it.

    What they were given and came to is kept by the cluster until the leader has it. A
    task whose worker dies is given to others by the cluster, until as many died as it
    allows: ``distributed.scheduler.allowed-failures``, 3 unless it is told otherwise,
    and one more.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``. Whoever listens
            there is trusted: it may have any code run, here too.
        timeout: How long the scheduler may take to answer, in seconds.

    Raises:
        UnsupportedError: Dask is not installed.
        WorkerError: There is no scheduler at that address.
    """
    distributed = _distributed()
    _check_answer(distributed, address, timeout)
    with distributed.Client(address, timeout=timeout, set_as_default=False) as client:
        yield client.get_executor(pure=False, retries=0)


def _distributed() -> ModuleType:
    """Return Dask's package, imported only where it is asked for."""
    try:
        return import_module("distributed")
    except ImportError as error:
        reason = "distributed is needed, and cannot be imported"
        hint = 'pip install "chat-replay[dask]"'
        raise UnsupportedError(_DASK, reason, hint) from error


def _check_answer(distributed: ModuleType, address: str, timeout: float) -> None:
    """Check that a scheduler answers in time; Dask's client may wait for ever."""
    options = distributed.Security().get_connection_args("client")

    async def answer() -> None:
        connecting = distributed.comm.connect(address, timeout=timeout, **options)
        await (await asyncio.wait_for(connecting, timeout * _LATER)).close()

    try:
        with ThreadPoolExecutor(1) as thread:  # this one may have a loop: a notebook's
            thread.submit(asyncio.run, answer()).result()
    except (OSError, TypeError, ValueError) as error:
        why = str(error) or "it says nothing"
        reason = f"no Dask scheduler answers at {address}: {why}"
        raise WorkerError(reason, "see that it runs, and can be reached") from error
