"""What a worker does with a task."""

import gzip
import json
from pathlib import Path
from random import Random

import attrs
import pytest

from batches import directory_of, document, job_of, lines_of, plugin_at, whole_task
from replay import MustStopError, UnknownNameError
from replay.batch.tasks import Counts, Task, Worked
from replay.batch.worker import digests, work

THREE = {"a": "one", "b": "two", "c": "three"}


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Three sessions, one of each portion, with a plugin that gives what they say."""
    location = directory_of(tmp_path / "sessions", THREE)
    return whole_task(job_of(location, plugin_at(tmp_path / "giving.py")))


def _ids(worked: Worked) -> list[str]:
    return [done.session_id for done in worked.done]


def _keeping_going(task: Task) -> Task:
    return attrs.evolve(task, job=attrs.evolve(task.job, keep_going=True))


def _replace(task: Task, name: str, text: str) -> None:
    """Let a session say something else."""
    directory_of(Path(task.job.location), {name: text})


def test_all_sessions_are_replayed_in_order(task: Task) -> None:
    worked = work(task)
    assert _ids(worked) == ["a", "b", "c"]
    assert [done.found.place for done in worked.done] == [(0, 0), (1, 0), (2, 0)]
    assert (worked.problems, worked.rest) == ((), None)


def test_what_plugins_give_comes_as_json(task: Task) -> None:
    assert [done.values for done in work(task).done] == [
        b'[["one"]]',
        b'[["two"]]',
        b'[["three"]]',
    ]


def test_what_a_replay_came_to_is_counted(task: Task) -> None:
    counts = {done.counts for done in work(task).done}
    assert counts == {Counts(turns=1, events=2, messages=1, diagnostics=0)}


def test_only_what_is_asked_for_is_replayed(task: Task) -> None:
    some = attrs.evolve(
        task, only=frozenset([(0, 0), (2, 0)]), without=frozenset([(2, 0)])
    )
    assert _ids(work(some)) == ["a"]


def test_a_session_of_a_portion_may_be_asked_for(tmp_path: Path) -> None:
    path = lines_of(tmp_path / "s.jsonl", [("a", "1"), ("b", "2"), ("c", "3")])
    task = whole_task(job_of(path, plugin_at(tmp_path / "giving.py")))
    everywhere = [done.found.place for done in work(task).done]
    second = attrs.evolve(task, only=frozenset([everywhere[1]]))
    assert _ids(work(second)) == ["b"]


def test_digests_are_those_of_what_was_replayed(task: Task) -> None:
    digested = digests(task)
    assert digested.found == tuple(done.found for done in work(task).done)
    assert digested.problems == ()


def test_a_changed_session_has_another_digest(task: Task) -> None:
    before = digests(task).found
    _replace(task, "b", "changed")
    after = digests(whole_task(task.job)).found
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, False, True]


def test_a_session_that_fails_ends_a_task_that_is_to_stop(task: Task) -> None:
    _replace(task, "b", "boom")
    worked = work(whole_task(task.job))
    assert _ids(worked) == ["a"]
    (problem,) = worked.problems
    assert (problem.place, problem.name, problem.code) == ((1, 0), "b", "plugin-error")
    assert "hook replay_text, event 1: ValueError: no booms" in problem.reason
    assert worked.rest == (2, 0)


def test_a_session_that_fails_is_passed_over_where_wanted(task: Task) -> None:
    _replace(task, "b", "boom")
    worked = work(_keeping_going(whole_task(task.job)))
    assert _ids(worked) == ["a", "c"]
    assert [problem.name for problem in worked.problems] == ["b"]
    assert worked.rest is None


def test_a_session_that_fails_is_called_by_its_id(tmp_path: Path) -> None:
    path = lines_of(tmp_path / "s.jsonl", [("a", "1"), ("b", "boom")])
    task = whole_task(job_of(path, plugin_at(tmp_path / "giving.py")))
    assert [problem.name for problem in work(task).problems] == ["b"]


def test_what_cannot_be_read_is_a_problem(task: Task) -> None:
    (Path(task.job.location) / "b.json").write_text("{")
    worked = work(_keeping_going(whole_task(task.job)))
    assert _ids(worked) == ["a", "c"]
    (problem,) = worked.problems
    assert (problem.place, problem.code) == ((1, 0), "decode-error")
    assert "b.json" in problem.reason


def test_a_portion_that_is_gone_is_a_problem(task: Task) -> None:
    (Path(task.job.location) / "b.json").unlink()
    worked = work(_keeping_going(task))
    assert _ids(worked) == ["a", "c"]
    assert [problem.place for problem in worked.problems] == [(1, 0)]
    assert [problem.place for problem in digests(task).problems] == [(1, 0)]


def test_a_portion_that_is_gone_is_no_problem_of_another_session(task: Task) -> None:
    (Path(task.job.location) / "b.json").unlink()
    assert work(attrs.evolve(task, without=frozenset([(1, 0)]))).problems == ()


def test_a_session_says_that_its_id_is_repeated_where_the_task_knows(
    tmp_path: Path,
) -> None:
    path = lines_of(tmp_path / "s.jsonl", [("a", "1"), ("a", "2")])
    task = whole_task(job_of(path, plugin_at(tmp_path / "giving.py")))
    knowing = attrs.evolve(task, repetitions={(0, 0): 0, (0, 1): 1})
    assert [done.counts.diagnostics for done in work(task).done] == [0, 0]
    assert [done.counts.diagnostics for done in work(knowing).done] == [0, 1]
    second = attrs.evolve(knowing, start=(0, 1))
    assert [done.counts.diagnostics for done in work(second).done] == [1]


CLOSING = """
def replay_text(): pass
def replay_close(): {}
"""


def test_a_plugin_that_gives_nothing_is_closed_at_the_end(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    text = CLOSING.format(f"open({str(closed)!r}, 'x').close()")
    location = directory_of(tmp_path / "sessions", THREE)
    work(whole_task(job_of(location, plugin_at(tmp_path / "closing.py", text))))
    assert closed.exists()


def test_nothing_counts_where_a_plugin_cannot_be_closed(tmp_path: Path) -> None:
    plugin = plugin_at(tmp_path / "closing.py", CLOSING.format("1 / 0"))
    location = directory_of(tmp_path / "sessions", THREE)
    worked = work(whole_task(job_of(location, plugin)))
    assert worked.done == ()
    assert [problem.name for problem in worked.problems] == ["a", "b", "c"]
    assert "ZeroDivisionError" in worked.problems[0].reason


FAILING_ONCE = """
import pathlib

met = []

def replay_text(message):
    met.append(message.content)
    if message.content == "two":
        raise ValueError("no two")

def replay_close():
    if "two" in met:
        raise OSError("the disk is full")
"""


def test_what_a_plugin_did_before_a_failure_counts_only_where_it_is_closed_well(
    tmp_path: Path,
) -> None:
    plugin = plugin_at(tmp_path / "failing.py", FAILING_ONCE)
    location = directory_of(tmp_path / "sessions", THREE)
    worked = work(_keeping_going(whole_task(job_of(location, plugin))))
    assert _ids(worked) == ["c"]
    reasons = {problem.name: problem.reason for problem in worked.problems}
    assert "hook replay_close: OSError: the disk is full" in reasons["a"]
    assert "no two" in reasons["b"]


def test_where_failures_are_isolated_what_it_did_is_not_final(tmp_path: Path) -> None:
    plugin = plugin_at(tmp_path / "failing.py", FAILING_ONCE)
    location = directory_of(tmp_path / "sessions", THREE)
    job = attrs.evolve(job_of(location, plugin), on_plugin_error="isolate")
    worked = work(whole_task(job))
    assert worked.problems == ()
    errors = {done.session_id: done.plugin_errors for done in worked.done}
    assert ["no two" in each for each in errors["b"]] == [True, False]
    assert "hook replay_close: OSError: the disk is full" in errors["b"][1]
    assert (errors["a"], errors["c"]) == (errors["b"][1:], ())


def test_a_plugin_that_must_stop_stops_all(tmp_path: Path) -> None:
    text = "import replay\ndef replay_text(): raise replay.MustStopError('full')\n"
    location = directory_of(tmp_path / "sessions", THREE)
    task = whole_task(job_of(location, plugin_at(tmp_path / "stopping.py", text)))
    with pytest.raises(MustStopError, match="full"):
        work(_keeping_going(task))


def test_ctrl_c_keeps_what_was_done(tmp_path: Path) -> None:
    text = """
def replay_text(message):
    if message.content == "two":
        raise KeyboardInterrupt
"""
    location = directory_of(tmp_path / "sessions", THREE)
    worked = work(whole_task(job_of(location, plugin_at(tmp_path / "p.py", text))))
    assert _ids(worked) == ["a"]
    assert (worked.rest, worked.is_interrupted) == ((1, 0), True)


def test_an_answer_holds_no_more_than_so_many_bytes(tmp_path: Path) -> None:
    text = "def replay_batch_result(): return 'x' * 5_000_000\n"
    location = directory_of(tmp_path / "sessions", THREE)
    task = whole_task(job_of(location, plugin_at(tmp_path / "large.py", text)))
    first = work(task)
    assert (_ids(first), first.rest) == (["a", "b"], (2, 0))
    assert _ids(work(attrs.evolve(task, start=(2, 0)))) == ["c"]


MANY = 20_000 + 5  # sessions: more than an answer holds


def _packed(folder: Path, data: bytes) -> Task:
    """Return the task of all lines of a packed file, which is one portion."""
    path = folder / "s.jsonl.gz"
    path.write_bytes(data)
    return whole_task(job_of(path, plugin_at(folder / "giving.py")))


def test_an_answer_tells_of_no_more_than_so_many_sessions(tmp_path: Path) -> None:
    task = _packed(tmp_path, gzip.compress(b'{"events": []}\n' * MANY, 1))
    first = digests(task)
    assert (len(first.found), first.rest) == (20_000, (0, 20_000))
    second = digests(attrs.evolve(task, start=(0, 20_000)))
    assert (len(second.found), second.rest) == (5, None)


@pytest.mark.slow
def test_an_answer_tells_of_no_more_than_so_many_problems(tmp_path: Path) -> None:
    lines = b'{"events": []}\n' + b"{\n" * MANY
    first = work(_keeping_going(_packed(tmp_path, gzip.compress(lines, 1))))
    assert (len(first.problems), first.rest) == (20_000 - 1, (0, 20_000))


@pytest.mark.parametrize("isolated", [False, True])
def test_a_long_reason_is_cut(tmp_path: Path, *, isolated: bool) -> None:
    text = "def replay_text(): raise ValueError('x' * 100_000)"
    location = directory_of(tmp_path / "sessions", THREE)
    job = job_of(location, plugin_at(tmp_path / "long.py", text))
    if isolated:
        job = attrs.evolve(job, on_plugin_error="isolate")
    worked = work(whole_task(job))
    reasons = [each.reason for each in worked.problems]
    reasons += [reason for each in worked.done for reason in each.plugin_errors]
    assert {len(each) for each in reasons} == {4_001}
    assert all(each.endswith("xxx…") for each in reasons)


def test_nothing_is_read_past_the_end_of_a_task(tmp_path: Path) -> None:
    random = Random(1)  # noqa: S311 - what packs badly
    lines = (json.dumps(document(random.randbytes(300).hex())) for _ in range(9_000))
    data = gzip.compress("\n".join(lines).encode())
    task = _packed(tmp_path, data[: len(data) // 2])
    assert digests(task).problems
    some = digests(attrs.evolve(task, stop=(0, 10)))
    assert (len(some.found), some.problems) == (10, ())


def test_an_option_that_is_wrong_is_told_before_anything_is_replayed(
    tmp_path: Path,
) -> None:
    location = directory_of(tmp_path / "sessions", THREE)
    job = attrs.evolve(job_of(location), plugins=(), options={"patern": "*.json"})
    task = whole_task(job_of(location))
    with pytest.raises(UnknownNameError, match="no option 'patern'"):
        work(attrs.evolve(task, job=job))
