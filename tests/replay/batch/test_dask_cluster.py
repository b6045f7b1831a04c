"""Batches on a Dask cluster."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster

from replay.batch.executor_pool import ExecutorPool, dask_executor
from replay.batch.pool import Death
from replay.batch.tasks import Job
from replay.errors import UnsupportedError, WorkerError
from worker_tasks import job, pids_of, task_of, work


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Yield the scheduler of two workers; a task may kill one, but not a second."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def pool(address: str) -> Iterator[ExecutorPool]:
    with dask_executor(address) as executor:
        yield ExecutorPool(executor, work)


@pytest.mark.slow
def test_the_same_task_can_be_done_twice(pool: ExecutorPool, tmp_path: Path) -> None:
    task = task_of(f"only_once {tmp_path}/a")
    assert pool.submit(work, task).result().done
    again = pool.submit(work, task).exception()
    assert isinstance(again, FileExistsError)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "of"),
    [
        *((action, job()) for action in ("segfault", "exit_early", "killed")),
        ("sleep", job(seconds=0.2)),
        ("allocate", job(memory=3 << 30)),
    ],
)
def test_a_worker_s_death_has_unknown_suspects(
    pool: ExecutorPool, action: str, of: Job
) -> None:
    error = pool.submit(work, task_of("a", action, of=of)).exception()
    assert error
    assert pool.death_of(error) == Death(None)
    pids = pids_of(pool.submit(work, task_of("a")).result())
    assert os.getpid() not in pids, "it was made anew"
    assert pool.size == 2


@pytest.mark.slow
def test_a_session_is_done_alone_on_this_machine(pool: ExecutorPool) -> None:
    (problem,) = pool.alone(task_of("segfault")).problems
    assert problem.reason == "killed by SIGSEGV (segmentation fault)"


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:1", "", "x y", "nowhere", "http://127.0.0.1:1", "tls://a:1"],
)
def test_what_is_no_scheduler_s_address_is_told(address: str) -> None:
    with (
        pytest.raises(WorkerError, match=f"answers at {address}: "),
        dask_executor(address, timeout=0.1),
    ):
        raise AssertionError


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        mute = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(WorkerError, match="it says nothing"),
            dask_executor(mute, timeout=0.1),
        ):
            raise AssertionError


def test_without_dask_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(UnsupportedError, match=r'pip install "chat-replay\[dask\]"'),
        dask_executor("tcp://127.0.0.1:1"),
    ):
        raise AssertionError
