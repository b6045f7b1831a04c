import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import leading_crew
from replay.batch.pool import SIZE
from replay.batch.process_pool import CONTEXT, shared
from replay.batch.worker_process import serve


@contextmanager
def leading(*deeds: str) -> Iterator[subprocess.Popen[str]]:
    """Run a leader with a group of processes of its own."""
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, leading_crew.__file__, *deeds],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    ) as leader:
        yield leader


@pytest.fixture
def fifos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        os.mkfifo(path)
    return paths


def test_workers_end_with_a_leader_that_is_killed(fifos: list[Path]) -> None:
    with leading(*(f"tell {path}" for path in fifos)) as leader:
        pipes = [path.open(encoding="utf-8") for path in fifos]
        assert all(pipe.readline() for pipe in pipes)
        leader.kill()
        for pipe in pipes:
            with pipe:
                assert not pipe.read(), "a worker is not gone"


def test_an_idle_worker_ends_with_a_leader_that_is_killed(fifos: list[Path]) -> None:
    with leading(f"tell {fifos[0]}", "good") as leader:
        with fifos[0].open(encoding="utf-8") as pipe:
            assert pipe.readline()
            leader.kill()
        assert leader.communicate()[0] is not None, "all that had its output are gone"


def test_workers_leave_ctrl_c_to_their_leader(fifos: list[Path]) -> None:
    with leading(*(f"tell_until_hurried {path}" for path in fifos)) as leader:
        for path in fifos:
            assert path.read_text(encoding="utf-8")
        os.killpg(leader.pid, signal.SIGINT)
        assert leader.communicate()[0] == "1\n1\nclosed\n"


def test_workers_never_hear_ctrl_c_not_even_at_first() -> None:
    with leading("be_deaf") as leader:
        assert leader.communicate()[0] == "2\nclosed\n"


def test_a_worker_whose_leader_is_gone_ends_without_a_word() -> None:
    near, far = CONTEXT.Pipe()
    near.close()
    process = CONTEXT.Process(target=serve, args=(far, shared(SIZE), shared(1), {}))
    process.start()
    far.close()
    process.join()
    assert process.exitcode == 0


def test_a_leader_that_ends_leaves_no_process_behind() -> None:
    with leading("good") as leader:
        assert leader.communicate()[0] == "2\nclosed\n", "all let go of its output"
    assert leader.returncode == 0
