import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from poison import (
    cannot_be_sent,
    die_at_end,
    die_at_none,
    die_at_none_once,
    fail,
    job,
    pids_of,
    task_of,
    variables,
    work,
)
from replay.batch.pool import Died
from replay.batch.process_pool import PoolCrew
from replay.batch.resource_limits import WorkerDiedError
from replay.batch.tasks import Task, Worked
from replay.errors import WorkerError


@pytest.fixture
def crew() -> Iterator[PoolCrew]:
    crew = PoolCrew(2, work)
    yield crew
    crew.close(now=True)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def ids(worked: Worked) -> list[str]:
    return [done.session_id for done in worked.done]


def death_of(crew: PoolCrew, task: Task) -> WorkerDiedError:
    error = crew.submit(work, task).exception()
    assert isinstance(error, WorkerDiedError)
    return error


def told_by(fifo: Path, count: int) -> set[str]:
    """Return what so many workers tell a pipe, which stays open for all of them."""
    with os.fdopen(os.open(fifo, os.O_RDWR), encoding="utf-8") as pipe:
        return {pipe.readline() for _ in range(count)}


def test_tasks_are_done_by_other_processes(crew: PoolCrew) -> None:
    worked = crew.submit(work, task_of("a", "b")).result()
    assert ids(worked) == ["a", "b"]
    assert os.getpid() not in pids_of(worked)


def test_a_process_does_one_task_after_another(crew: PoolCrew) -> None:
    pids = [pids_of(crew.submit(work, task_of("a")).result()) for _ in range(5)]
    assert len(set.union(*pids)) <= crew.size


def test_processes_have_the_variables_that_their_leader_has_now(
    crew: PoolCrew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_TEST_BEFORE", "")
    assert "REPLAY_TEST_BEFORE" in crew.submit(variables, task_of("a")).result()
    monkeypatch.delenv("REPLAY_TEST_BEFORE")
    monkeypatch.setenv("REPLAY_TEST_NOW", "yes")
    later = PoolCrew(1, work)
    found = later.submit(variables, task_of("a")).result()
    later.close()
    assert "REPLAY_TEST_BEFORE" not in found
    assert found["REPLAY_TEST_NOW"] == "yes"


def test_so_many_tasks_are_done_at_once(crew: PoolCrew, fifo: Path) -> None:
    futures = [
        crew.submit(work, task_of(f"tell_until_hurried {fifo}")) for _ in range(2)
    ]
    told = told_by(fifo, crew.size)
    crew.hurry()
    assert set.union(*(pids_of(f.result()) for f in futures)) == {*map(int, told)}


def test_less_than_one_job_is_refused() -> None:
    with pytest.raises(ValueError, match="must be greater than 0"):
        PoolCrew(0, work)


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("segfault", "killed by SIGSEGV (segmentation fault)"),
        ("exit_early", "ended with exit code 3"),
        ("killed", "killed by SIGKILL: by somebody, or by the system for lack of"),
        ("killed_oddly", f"killed by signal {signal.SIGRTMIN + 5}"),
    ],
)
def test_a_session_that_takes_its_process_down_is_a_suspect(
    crew: PoolCrew, deed: str, reason: str
) -> None:
    error = death_of(crew, task_of("a", deed, "b", first=7))
    assert crew.died(error) == Died(frozenset({(8, 0)}))
    assert error.reason.startswith(reason)


def test_other_tasks_do_not_notice_a_death(crew: PoolCrew, fifo: Path) -> None:
    other = crew.submit(work, task_of(f"tell_until_hurried {fifo}", "b"))
    told = int(fifo.read_text(encoding="utf-8"))
    death_of(crew, task_of("segfault"))
    crew.hurry()
    assert pids_of(other.result()) == {told}


def test_after_a_death_tasks_are_done_by_a_new_process(crew: PoolCrew) -> None:
    for _ in range(3):
        death_of(crew, task_of("segfault"))
        assert ids(crew.submit(work, task_of("a")).result()) == ["a"]


def test_a_process_that_is_killed_from_outside_tells_its_session(
    crew: PoolCrew, fifo: Path
) -> None:
    future = crew.submit(work, task_of("a", f"tell {fifo}"))
    with fifo.open(encoding="utf-8") as pipe:
        os.kill(int(pipe.readline()), signal.SIGKILL)
    error = future.exception()
    assert error
    assert crew.died(error) == Died(frozenset({(1, 0)}))


def test_a_child_that_a_process_leaves_does_not_hide_its_death(
    crew: PoolCrew, fifo: Path
) -> None:
    error = death_of(crew, task_of(f"leave_child {fifo}"))
    fifo.write_bytes(b"")
    assert error.reason == "ended with exit code 3"


def test_a_task_whose_idle_process_was_killed_is_done_by_another(
    crew: PoolCrew,
) -> None:
    (pid,) = pids_of(crew.submit(work, task_of("a")).result())
    os.kill(pid, signal.SIGKILL)
    assert ids(crew.submit(work, task_of("b")).result()) == ["b"]


def test_a_task_whose_process_died_at_no_session_is_done_again(
    crew: PoolCrew, tmp_path: Path
) -> None:
    task = task_of(str(tmp_path / "died"))
    assert crew.submit(die_at_none_once, task).result().done


def test_where_processes_die_again_and_again_at_no_session_none_can_begin(
    crew: PoolCrew,
) -> None:
    error = crew.submit(die_at_none, task_of("a", first=9)).exception()
    assert error
    with pytest.raises(WorkerError, match="came to a session: ended with exit code 9"):
        crew.died(error)


def test_a_process_that_dies_after_all_sessions_has_unknown_suspects(
    crew: PoolCrew,
) -> None:
    error = crew.submit(die_at_end, task_of("a")).exception()
    assert error
    assert crew.died(error) == Died(None)


@pytest.mark.parametrize("deed", ["sleep", "hold"])
def test_a_session_that_takes_too_long_is_a_suspect(crew: PoolCrew, deed: str) -> None:
    error = death_of(crew, task_of(deed, of=job(seconds=0.2)))
    assert crew.died(error) == Died(frozenset({(0, 0)}))
    assert error.code == "out-of-time"


def test_the_time_is_each_session_s_not_the_task_s(crew: PoolCrew) -> None:
    task = task_of(*["spin"] * 60, of=job(seconds=0.5))
    assert len(crew.submit(work, task).result().done) == 60


def test_the_time_between_tasks_is_nobody_s(crew: PoolCrew) -> None:
    limited, unlimited = task_of("a", of=job(seconds=0.5)), task_of(*["spin"] * 60)
    first = crew.submit(work, limited).result()
    assert pids_of(crew.submit(work, unlimited).result()) == pids_of(first)


def test_a_session_that_needs_too_much_memory_is_a_suspect(crew: PoolCrew) -> None:
    error = death_of(crew, task_of("a", "allocate", of=job(memory=500_000_000)))
    assert crew.died(error) == Died(frozenset({(1, 0)}))
    assert (error.code, error.reason) == ("out-of-memory", "needed more than 500 MB")


def test_a_limit_that_leaves_no_memory_to_begin_with_is_told(crew: PoolCrew) -> None:
    error = crew.submit(work, task_of("a", of=job(memory=20 << 20))).exception()
    assert isinstance(error, WorkerError)
    assert crew.died(error) is None
    assert str(error).startswith("20 MiB of memory are not enough for a worker to")


def test_a_process_that_has_grown_too_large_is_replaced(crew: PoolCrew) -> None:
    old = pids_of(crew.submit(work, task_of("no_room")).result())
    new = pids_of(crew.submit(work, task_of("a", of=job(memory=1 << 30))).result())
    assert new.isdisjoint(old)


def test_a_limit_is_at_most_the_one_of_the_system(crew: PoolCrew) -> None:
    crew.submit(work, task_of("lower_hard_limit")).result()
    assert crew.submit(work, task_of("a", of=job(memory=1 << 41))).result().done


def test_what_the_work_raises_is_no_death(crew: PoolCrew) -> None:
    error = crew.submit(fail, task_of("a", first=3)).exception()
    assert repr(error) == "LookupError(3)"
    assert crew.died(LookupError()) is None


def test_a_process_outlives_what_its_task_raised(crew: PoolCrew) -> None:
    before = pids_of(crew.submit(work, task_of("a")).result())
    crew.submit(fail, task_of("a")).exception()
    assert pids_of(crew.submit(work, task_of("b")).result()) == before


def test_a_result_that_cannot_be_sent_is_told(crew: PoolCrew) -> None:
    error = crew.submit(cannot_be_sent, task_of("a")).exception()
    assert isinstance(error, WorkerError)
    assert "cannot be sent: TypeError: cannot pickle" in str(error)


def test_work_that_cannot_be_sent_is_told(crew: PoolCrew) -> None:
    error = crew.submit(lambda _: None, task_of("a")).exception()
    assert isinstance(error, WorkerError)
    assert "local object" in error.reason  # what comes before depends on the Python


def test_a_task_is_left_at_the_next_session_where_it_is_to_hurry(
    crew: PoolCrew, fifo: Path
) -> None:
    future = crew.submit(work, task_of(f"tell_until_hurried {fifo}", "b", "c"))
    assert fifo.read_text(encoding="utf-8")
    crew.hurry()
    worked = future.result()
    assert (len(worked.done), worked.rest) == (1, (1, 0))


def test_a_session_can_be_done_alone(crew: PoolCrew) -> None:
    pool = pids_of(crew.submit(work, task_of("a")).result())
    worked = crew.alone(task_of("a"))
    assert ids(worked) == ["a"]
    assert pids_of(worked).isdisjoint(pool)


def test_a_session_that_dies_alone_is_quarantined(crew: PoolCrew) -> None:
    (problem,) = crew.alone(task_of("segfault", first=4)).problems
    assert problem.is_quarantined
    assert (problem.place, problem.name) == ((4, 0), "session segfault")
    assert problem.reason == "killed by SIGSEGV (segmentation fault)"


def test_one_whose_process_died_before_it_is_done_again(
    tmp_path: Path,
) -> None:
    crew = PoolCrew(1, die_at_none_once)
    assert crew.alone(task_of(str(tmp_path / "died"))).done


def test_a_session_whose_processes_all_die_before_it_is_quarantined() -> None:
    crew = PoolCrew(1, die_at_none)
    (problem,) = crew.alone(task_of("a", first=9)).problems
    assert (problem.place, problem.reason) == ((9, 0), "ended with exit code 9")


def test_several_are_done_alone_at_once(crew: PoolCrew, fifo: Path) -> None:
    done = list[Worked]()

    def run() -> None:
        done.append(crew.alone(task_of(f"tell_until_hurried {fifo}")))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    told = told_by(fifo, len(threads))
    crew.hurry()
    for thread in threads:
        thread.join()
    assert set.union(*map(pids_of, done)) == {*map(int, told)}


def test_closing_waits_for_what_runs(fifo: Path) -> None:
    crew = PoolCrew(1, work)
    future = crew.submit(work, task_of(f"tell_until_hurried {fifo}"))
    assert fifo.read_text(encoding="utf-8")
    crew.hurry()
    crew.close()
    assert future.result().done


def test_closing_at_once_kills_what_runs(fifo: Path) -> None:
    crew = PoolCrew(1, work)
    future = crew.submit(work, task_of(f"tell {fifo}"))
    waiting = crew.submit(work, task_of("a"))
    with fifo.open(encoding="utf-8") as pipe:
        assert pipe.readline()
        crew.close(now=True)
        assert not pipe.read(), "the process is not gone"
    assert isinstance(future.exception(), WorkerDiedError)
    assert waiting.cancelled()


def test_closing_at_once_kills_what_is_done_alone(crew: PoolCrew, fifo: Path) -> None:
    thread = Thread(target=crew.alone, args=[task_of(f"tell {fifo}")])
    thread.start()
    with fifo.open(encoding="utf-8") as pipe:
        assert pipe.readline()
        crew.close(now=True)
        assert not pipe.read(), "the process is not gone"
    thread.join()


def test_nobody_is_hired_after_all_were_killed(crew: PoolCrew) -> None:
    crew.close(now=True)
    with pytest.raises(WorkerError, match="before it had begun: killed by SIGKILL"):
        crew.alone(task_of("a"))


def test_a_process_that_does_not_end_is_ended(
    crew: PoolCrew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.batch.process_pool._GRACE", 0.0)
    assert crew.alone(task_of("lone_thread")).done
