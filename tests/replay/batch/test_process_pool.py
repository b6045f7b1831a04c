"""The pool of worker processes, which may die of a task, and end with their leader."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pytest

from replay.batch.pool import Death
from replay.batch.process_pool import (
    CONTEXT,
    ProcessPool,
    WorkerDiedError,
    death_error,
    persistently,
    quarantine_result,
    stopped_state,
)
from replay.batch.resource_limits import EXIT_CODE
from replay.batch.tasks import Place, Problem, Task, TaskResult
from replay.batch.worker_process import Inbox, MessageKind, Outbox, serve
from replay.errors import WorkerError
from worker_tasks import (
    die_at_end,
    die_at_none,
    die_at_none_once,
    job,
    pids_of,
    task_of,
    variables,
    work,
)

Leading = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    pool = ProcessPool(2, work)
    yield pool
    pool.close(now=True)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def death_of(pool: ProcessPool, task: Task) -> WorkerDiedError:
    error = pool.submit(work, task).exception()
    assert isinstance(error, WorkerDiedError)
    return error


def pids_from(fifo: Path, count: int) -> set[str]:
    """Return the reports of several workers to a pipe, which stays open for all."""
    with os.fdopen(os.open(fifo, os.O_RDWR), encoding="utf-8") as pipe:
        return {pipe.readline() for _ in range(count)}


def test_what_cannot_be_sent_is_told(pool: ProcessPool) -> None:
    with pytest.raises(WorkerError, match="local object"):  # the rest varies by Python
        pool.submit(lambda *_: None, task_of("a")).result()


def test_a_session_done_alone_has_a_process_of_its_own(
    pool: ProcessPool, tmp_path: Path
) -> None:
    others = pids_of(pool.submit(work, task_of("a")).result())
    assert os.getpid() not in others
    assert pids_of(pool.alone(task_of("a"))).isdisjoint(others)
    dying_first = ProcessPool(1, die_at_none_once)
    assert dying_first.alone(task_of(str(tmp_path / "died"))).done
    dying = ProcessPool(1, die_at_none)
    (problem,) = dying.alone(task_of("a", first=9)).problems
    assert (problem.place, problem.reason) == ((9, 0), "ended with exit code 9")
    (problem,) = pool.alone(task_of("segfault", first=4)).problems
    assert problem.is_quarantined
    assert (problem.place, problem.name) == ((4, 0), "session segfault")
    assert problem.reason == "killed by SIGSEGV (segmentation fault)"


def test_tasks_that_run_at_once_return_early_when_they_are_drained(fifo: Path) -> None:
    pool = ProcessPool(2, work)
    task = task_of(f"write_pid_until_drained {fifo}", "b", "c")
    futures = [pool.submit(work, task) for _ in range(2)]
    pids = pids_from(fifo, pool.size)
    pool.drain()
    pool.close()  # waits for them
    for future in futures:
        assert (len(future.result().done), future.result().resume_at) == (1, (1, 0))
    assert set.union(*(pids_of(f.result()) for f in futures)) == {*map(int, pids)}
    with pytest.raises(ValueError, match="must be greater than 0"):
        ProcessPool(0, work)


def test_processes_have_the_variables_that_their_leader_has_now(
    pool: ProcessPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_TEST_BEFORE", "")
    assert "REPLAY_TEST_BEFORE" in pool.submit(variables, task_of("a")).result()
    monkeypatch.delenv("REPLAY_TEST_BEFORE")
    monkeypatch.setenv("REPLAY_TEST_NOW", "yes")
    later = ProcessPool(1, work)
    found = later.submit(variables, task_of("a")).result()
    later.close()
    assert "REPLAY_TEST_BEFORE" not in found
    assert found["REPLAY_TEST_NOW"] == "yes"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("segfault", "killed by SIGSEGV (segmentation fault)"),
        ("exit_early", "ended with exit code 3"),
        ("killed", "killed by SIGKILL: by somebody, or by the system for lack of"),
        ("killed_oddly", f"killed by signal {signal.SIGRTMIN + 5}"),
    ],
)
def test_a_session_that_takes_its_process_down_is_a_suspect(
    pool: ProcessPool, action: str, reason: str
) -> None:
    error = death_of(pool, task_of("a", action, "b", first=7))
    assert pool.death_of(error) == Death(frozenset({(8, 0)}))
    assert error.reason.startswith(reason)


def test_other_tasks_do_not_notice_a_death(pool: ProcessPool, fifo: Path) -> None:
    other = pool.submit(work, task_of(f"write_pid_until_drained {fifo}", "b"))
    pid = int(fifo.read_text(encoding="utf-8"))
    death_of(pool, task_of("segfault"))
    pool.drain()
    assert pids_of(other.result()) == {pid}


def test_a_child_that_a_process_leaves_does_not_hide_its_death(
    pool: ProcessPool, fifo: Path
) -> None:
    error = death_of(pool, task_of(f"leave_child {fifo}"))
    fifo.write_bytes(b"")
    assert error.reason == "ended with exit code 3"


def test_a_task_whose_idle_process_was_killed_is_done_by_another(
    pool: ProcessPool,
) -> None:
    (pid,) = pids_of(pool.submit(work, task_of("a")).result())
    os.kill(pid, signal.SIGKILL)
    assert pool.submit(work, task_of("b")).result().done


def test_a_task_whose_process_died_at_no_session_is_done_again(
    pool: ProcessPool, tmp_path: Path
) -> None:
    task = task_of(str(tmp_path / "died"))
    assert pool.submit(die_at_none_once, task).result().done
    error = pool.submit(die_at_none, task_of("a", first=9)).exception()
    assert error
    with pytest.raises(WorkerError, match="came to a session: ended with exit code 9"):
        pool.death_of(error)
    error = pool.submit(die_at_end, task_of("a")).exception()
    assert error
    assert pool.death_of(error) == Death(None), "it died after all sessions"


@pytest.mark.parametrize("action", ["sleep", "hold"])
def test_a_session_that_takes_too_long_is_a_suspect(
    pool: ProcessPool, action: str
) -> None:
    error = death_of(pool, task_of("a", action, of=job(seconds=0.2)))
    assert pool.death_of(error) == Death(frozenset({(1, 0)}))
    assert error.code == "out-of-time"


@pytest.mark.parametrize("action", ["stop", "stop_clock"])
def test_the_leader_ends_a_worker_whose_time_is_over(action: str) -> None:
    pool = ProcessPool(1, work, look_every=0.05)
    error = death_of(pool, task_of("a", action, of=job(seconds=0.2)))
    assert pool.death_of(error) == Death(frozenset({(1, 0)}))
    assert error.code == "out-of-time"
    pool.close()


def test_a_worker_that_was_stopped_is_ended_without_a_limit_too() -> None:
    pool = ProcessPool(1, work, look_every=0.01)
    error = death_of(pool, task_of("a", "stop"))
    assert pool.death_of(error) == Death(frozenset({(1, 0)}))
    assert (error.code, error.reason.partition(",")[0]) == ("crashed", "it was stopped")
    pool.close()


def test_a_worker_that_is_stopped_while_it_should_read_is_replaced() -> None:
    pool = ProcessPool(1, work, look_every=0.01)
    (pid,) = pids_of(pool.submit(work, task_of("a")).result())
    os.kill(pid, signal.SIGSTOP)
    larger_than_a_pipe = task_of("a" * (1 << 20))
    assert pids_of(pool.submit(work, larger_than_a_pipe).result()).isdisjoint({pid})
    pool.close()


def test_a_worker_that_is_gone_while_its_child_keeps_its_pipes_is_replaced(
    pool: ProcessPool, fifo: Path
) -> None:
    (pid,) = pids_of(pool.submit(work, task_of(f"have_child {fifo}")).result())
    os.kill(pid, signal.SIGKILL)
    larger_than_a_pipe = task_of("a" * (1 << 20))
    assert pids_of(pool.submit(work, larger_than_a_pipe).result()).isdisjoint({pid})
    fifo.write_bytes(b"")


def test_a_silent_worker_that_works_is_left_alone() -> None:
    pool = ProcessPool(1, work, look_every=1e-4)
    assert len(pool.submit(work, task_of(*["spin"] * 20)).result().done) == 20
    pool.close()


def test_a_stopped_process_has_one_state_until_it_is_continued() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        assert not stopped_state(process.pid)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        assert stopped_state(process.pid) == stopped_state(process.pid) != b""
        process.send_signal(signal.SIGCONT)
        assert not stopped_state(process.pid)
    assert not stopped_state(process.pid), "it is gone"


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("scribble", "a plugin, or a child of it, wrote to the worker's pipe"),
        pytest.param(
            *("close_pipes_and_sleep", "it let go of its pipes, and went on"),
            marks=pytest.mark.slow,
        ),
        ("replace_pipes", "ended with exit code 1"),
        ("close_pipes", "ended with exit code 1"),
    ],
)
def test_a_session_that_breaks_the_pipe_to_the_leader_is_a_suspect(
    pool: ProcessPool, action: str, reason: str
) -> None:
    error = death_of(pool, task_of("a", action, "b"))
    assert pool.death_of(error) == Death(frozenset({(1, 0)}))
    assert error.reason == reason


def test_the_time_is_each_session_s_not_the_task_s(pool: ProcessPool) -> None:
    task = task_of(*["spin"] * 60, of=job(seconds=0.5))
    first = pool.submit(work, task).result()
    assert len(first.done) == 60
    later = pool.submit(work, task_of(*["spin"] * 60)).result()
    assert pids_of(later) == pids_of(first), "the time between tasks is nobody's"


def test_a_session_that_needs_too_much_memory_is_a_suspect(pool: ProcessPool) -> None:
    error = death_of(pool, task_of("a", "allocate", of=job(memory=500_000_000)))
    assert pool.death_of(error) == Death(frozenset({(1, 0)}))
    assert (error.code, error.reason) == ("out-of-memory", "needed more than 500 MB")


def test_a_limit_that_leaves_no_memory_to_begin_with_is_told(pool: ProcessPool) -> None:
    error = pool.submit(work, task_of("a", of=job(memory=20 << 20))).exception()
    assert isinstance(error, WorkerError)
    assert pool.death_of(error) is None
    assert str(error).startswith("20 MiB of memory isn't enough for a worker to")


def test_a_process_that_has_grown_too_large_is_replaced(pool: ProcessPool) -> None:
    old = pids_of(pool.submit(work, task_of("no_room")).result())
    new = pids_of(pool.submit(work, task_of("a", of=job(memory=1 << 30))).result())
    assert new.isdisjoint(old)


def test_a_limit_is_at_most_the_one_of_the_system(pool: ProcessPool) -> None:
    pool.submit(work, task_of("lower_hard_limit")).result()
    assert pool.submit(work, task_of("a", of=job(memory=1 << 41))).result().done


def test_several_are_done_alone_at_once(pool: ProcessPool, fifo: Path) -> None:
    done = list[TaskResult]()

    def run() -> None:
        done.append(pool.alone(task_of(f"write_pid_until_drained {fifo}")))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    pids = pids_from(fifo, len(threads))
    pool.drain()
    for thread in threads:
        thread.join()
    assert set.union(*map(pids_of, done)) == {*map(int, pids)}


def test_closing_at_once_kills_what_runs_and_what_is_done_alone(fifo: Path) -> None:
    pool = ProcessPool(1, work)
    future = pool.submit(work, task_of(f"write_pid {fifo}"))
    thread = Thread(target=pool.alone, args=[task_of(f"write_pid {fifo}")])
    thread.start()
    waiting = pool.submit(work, task_of("a"))
    with fifo.open(encoding="utf-8") as pipe:
        assert pipe.readline() != pipe.readline()
        pool.close(now=True)
        assert not pipe.read(), "a process is not gone"
    thread.join()
    assert isinstance(future.exception(), WorkerDiedError)
    assert waiting.cancelled()
    with pytest.raises(WorkerError, match="before it had begun: killed by SIGKILL"):
        pool.alone(task_of("a"))


def test_a_process_that_does_not_end_is_ended(pool: ProcessPool) -> None:
    assert pool.alone(task_of("lone_thread")).done


# Deaths


def inbox_of(
    kind: MessageKind | None = None, name: str = "a", deadline: int = 0
) -> Inbox:
    """Return the messages of a worker that died at session 2 of portion 5, or at none.

    Args:
        kind: AT_END: it died after all sessions. None: at no session.
        name: The session's name.
        deadline: The end of the session's time.
    """
    reading, writing = os.pipe()
    outbox = Outbox(writing)
    if kind is not None:
        outbox.report(None if kind == MessageKind.AT_END else (5, 2), name)
    outbox.report_deadline(deadline)
    inbox = Inbox(os.getpid())
    inbox.add(os.read(reading, 1000))
    os.close(reading)
    os.close(writing)
    return inbox


@pytest.mark.parametrize(
    ("exit_code", "later", "reason"),
    [
        (EXIT_CODE, 0, "took longer than 60 s"),
        (EXIT_CODE, 10**15, "ended with exit code 1"),
        (-signal.SIGABRT, 0, "killed by SIGABRT (aborted)"),
    ],
)
def test_an_end_after_the_deadline_is_for_lack_of_time(
    exit_code: int, later: int, reason: str
) -> None:
    inbox = inbox_of(MessageKind.AT, deadline=time.monotonic_ns() + later)
    died = death_error(exit_code, inbox, job(seconds=60))
    assert str(died) == f"a worker died: {reason}"
    memory = death_error(exit_code, Inbox(1, is_out_of_memory=True), job())
    assert memory.reason == "needed more than the memory that there is"


@pytest.mark.parametrize(
    ("kind", "name", "changes", "place", "blamed"),
    [
        (MessageKind.AT, "a", {}, (5, 2), "a"),
        (MessageKind.AT, "", {}, (5, 2), "x"),  # its portion's name
        (MessageKind.AT, "", {"first": 2, "numbers": (2, 5)}, (5, 2), "x"),
        (None, "", {}, (4, 0), "w"),  # the first session
        (MessageKind.AT_END, "", {"start": (0, 0)}, (4, 0), "w"),
        (MessageKind.AT_END, "", {"start": (5, 7)}, (5, 7), "x"),
        (MessageKind.AT, "other", {"included": frozenset({(5, 1)})}, (5, 1), "x"),
        (None, "", {"included": frozenset({(5, 3)})}, (5, 3), "x"),
        (None, "", {"excluded": frozenset({(4, 0)})}, (4, 1), "w"),
        (
            None,
            "",
            {"included": frozenset({(5, 1), (5, 3)}), "start": (5, 2)},
            (5, 3),
            "x",
        ),
    ],
)
def test_the_session_that_the_worker_was_at_is_quarantined_or_the_next_one(
    kind: MessageKind | None,
    name: str,
    changes: dict[str, Any],
    place: Place,
    blamed: str,
) -> None:
    task = attrs.evolve(task_of("w", "x", first=4), **changes)
    result = quarantine_result(task, death_error(3, inbox_of(kind, name), job()))
    reason = "ended with exit code 3"
    problem = Problem(place, blamed, "crashed", reason, is_quarantined=True)
    assert result == TaskResult((), (problem,))


@pytest.mark.parametrize(
    "changes",
    [
        {"included": frozenset({(5, 1)}), "start": (5, 2)},
        {"excluded": frozenset({(4, 0)}), "stop": (4, 1)},
    ],
)
def test_a_task_with_no_session_left_has_none_to_blame(changes: dict[str, Any]) -> None:
    task = attrs.evolve(task_of("w", "x", first=4), **changes)
    died = death_error(3, inbox_of(MessageKind.AT_END), job())
    assert quarantine_result(task, died) == TaskResult((), ())


# Starting and ending


UNGUARDED = """
from worker_tasks import task_of, work
from replay.batch.process_pool import ProcessPool
pool = ProcessPool(1, work)
try:
    pool.submit(work, task_of("a")).result()
finally:
    pool.close()
"""

FORGETFUL = """
if __name__ == "__main__":
    from worker_tasks import task_of, work
    from replay.batch.process_pool import ProcessPool
    pool = ProcessPool(1, work)
    print(len(pool.submit(work, task_of("a")).result().done))
"""

KILLED = """
import os, signal, sys
if __name__ == "__mp_main__":
    with open(sys.argv[1], "a") as file:
        file.write("x")
        if file.tell() <= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
else:
    from worker_tasks import task_of, work
    from replay.batch.process_pool import ProcessPool
    pool = ProcessPool(1, work)
    future = pool.submit(work, task_of("a"))
    print(future.exception() or len(future.result().done))
    pool.close()
"""


def started(folder: Path, script: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a script in its own process group."""
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, path, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )


def said_by(folder: Path, script: str, *arguments: str | Path) -> str:
    """Return a script's output and errors."""
    with started(folder, script, *arguments) as process:
        return process.communicate()[0]


def test_workers_that_end_before_they_begin_are_told_of_once(tmp_path: Path) -> None:
    said = said_by(tmp_path, UNGUARDED)
    assert said.count("bootstrapping phase") == 1
    assert "WorkerError: a worker died before it had begun: ended with exit" in said
    assert 'does so under if __name__ == "__main__":' in said


def test_a_leader_that_lets_nobody_go_ends_all_the_same(tmp_path: Path) -> None:
    assert said_by(tmp_path, FORGETFUL) == "1\n"


def test_a_worker_that_is_killed_before_it_begins_is_replaced_twice(
    tmp_path: Path,
) -> None:
    assert said_by(tmp_path, KILLED, tmp_path / "tries", "2") == "1\n"
    said = said_by(tmp_path, KILLED, tmp_path / "more", "99")
    assert said.startswith("a worker died before it had begun: killed by SIGKILL")
    assert (tmp_path / "more").read_text(encoding="utf-8") == "xxx"


def test_a_machine_that_has_no_room_for_a_worker_is_told_of(pool: ProcessPool) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(WorkerError, match="no process can be begun for a worker"):
            pool.alone(task_of("a"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


#: A script that takes all actions at once, each in a task with a good one, and prints
#: the number of sessions that each task did. Ctrl-C makes the workers drain.
LEADING = """
import signal, sys
if __name__ == "__main__":
    from worker_tasks import task_of, work
    from replay.batch.process_pool import ProcessPool
    pool = ProcessPool(len(sys.argv) - 1, work)
    signal.signal(signal.SIGINT, lambda *_: pool.drain())
    futures = [pool.submit(work, task_of(action, "good")) for action in sys.argv[1:]]
    for future in futures:
        print(len(future.result().done))
    pool.close()
    print("closed")
"""


@pytest.fixture
def leading(tmp_path: Path) -> Leading:
    """Return a function that starts a leader."""
    return lambda *actions: started(tmp_path, LEADING, *actions)


def test_workers_end_with_a_leader_that_is_killed(leading: Leading, fifo: Path) -> None:
    with leading(f"write_pid {fifo}", "good") as leader:  # the other is idle
        with fifo.open(encoding="utf-8") as pipe:
            assert pipe.readline()
            leader.kill()
            assert not pipe.read(), "a worker is not gone"
        assert leader.communicate()[0] is not None, "all that had its output are gone"


def test_workers_leave_ctrl_c_to_their_leader(leading: Leading, fifo: Path) -> None:
    with leading(*[f"write_pid_until_drained {fifo}"] * 2) as leader:
        pids_from(fifo, 2)
        os.killpg(leader.pid, signal.SIGINT)
        assert leader.communicate()[0] == "1\n1\nclosed\n"


def test_workers_never_hear_ctrl_c_and_a_leader_that_ends_leaves_none(
    leading: Leading,
) -> None:
    with leading("be_deaf") as leader:
        assert leader.communicate()[0] == "2\nclosed\n", "all let go of its output"
    assert leader.returncode == 0


def test_a_worker_whose_leader_is_gone_ends_without_a_word() -> None:
    requests, answers, drain_signal = (CONTEXT.Pipe(duplex=False) for _ in range(3))
    requests[1].close()
    ends = requests[0], answers[1], drain_signal[0]
    process = CONTEXT.Process(target=serve, args=(*ends, {}))
    process.start()
    process.join()
    assert process.exitcode == 0


def test_a_process_is_begun_again_while_their_server_is_begun_anew() -> None:
    failures = [ConnectionRefusedError(), ConnectionResetError()]

    def start() -> None:
        if failures:
            raise failures.pop()

    persistently(start)
    failures = [ConnectionRefusedError()] * 4
    with pytest.raises(ConnectionRefusedError):
        persistently(start)
    assert not failures
