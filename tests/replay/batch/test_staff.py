import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from replay.batch.process_pool import Staff
from replay.errors import WorkerError

UNGUARDED = """
from poison import task_of, work
from replay.batch.process_pool import PoolCrew
crew = PoolCrew(1, work)
try:
    crew.submit(work, task_of("a")).result()
finally:
    crew.close()
"""

FORGETFUL = """
if __name__ == "__main__":
    from poison import task_of, work
    from replay.batch.process_pool import PoolCrew
    crew = PoolCrew(1, work)
    print(len(crew.submit(work, task_of("a")).result().done))
"""

KILLED = """
import os, signal, sys
if __name__ == "__mp_main__":
    with open(sys.argv[1], "a") as file:
        file.write("x")
        if file.tell() <= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
else:
    from poison import task_of, work
    from replay.batch.process_pool import PoolCrew
    crew = PoolCrew(1, work)
    future = crew.submit(work, task_of("a"))
    print(future.exception() or len(future.result().done))
    crew.close()
"""


def run(folder: Path, script: str, *arguments: str | Path) -> str:
    """Return what a script prints or says."""
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, path, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return ended.stdout


def test_workers_that_end_before_they_begin_are_told_of_once(tmp_path: Path) -> None:
    said = run(tmp_path, UNGUARDED)
    assert said.count("bootstrapping phase") == 1
    assert "WorkerError: a worker died before it had begun: ended with exit" in said
    assert 'does so under if __name__ == "__main__":' in said


def test_a_leader_that_lets_nobody_go_ends_all_the_same(tmp_path: Path) -> None:
    assert run(tmp_path, FORGETFUL) == "1\n"


def test_a_worker_that_is_killed_before_it_begins_is_replaced(tmp_path: Path) -> None:
    assert run(tmp_path, KILLED, tmp_path / "tries", "2") == "1\n"


def test_workers_that_are_killed_again_and_again_are_told_of(tmp_path: Path) -> None:
    said = run(tmp_path, KILLED, tmp_path / "tries", "99")
    assert said.startswith("a worker died before it had begun: killed by SIGKILL")
    assert (tmp_path / "tries").read_text(encoding="utf-8") == "xxx"


def test_a_machine_that_has_no_room_for_a_worker_is_told_of() -> None:
    staff = Staff()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(WorkerError, match="no process can be begun for a worker"):
            staff.hire()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
