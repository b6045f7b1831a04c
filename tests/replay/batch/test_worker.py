"""A worker's work on a task, and the engines of workers and leader."""

import gzip
import json
from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from batches import (
    GIVING,
    directory_of,
    document,
    job_of,
    lines_of,
    plugin_at,
    whole_task,
)
from replay import (
    BatchResult,
    Context,
    PluginError,
    ReplayEngine,
    ReplayReport,
    Session,
    Text,
    hookimpl,
)
from replay.batch.pool import Monitor
from replay.batch.tasks import Counts, Task, TaskDigests, TaskResult
from replay.batch.worker import LeaderEngine, WorkerEngine, digest_task, replay_task
from replay.engine.plugin_set import OnPluginError
from replay.engine.report import BatchResults

THREE = {"a": "one", "b": "two", "c": "three"}


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Return a task of three sessions, one per portion, and a plugin for the texts."""
    location = directory_of(tmp_path / "sessions", THREE)
    return whole_task(job_of(location, plugin_at(tmp_path / "giving.py")))


def replayed(task: Task) -> TaskResult:
    return replay_task(task, Monitor())


def stored(task: Task) -> TaskDigests:
    return digest_task(task, Monitor())


def _task(folder: Path, text: str, **job: Any) -> Task:  # noqa: ANN401 - of a Job
    """Return the task of three sessions with a plugin."""
    location = directory_of(folder / "sessions", THREE)
    made = job_of(location, plugin_at(folder / "plugin.py", text))
    return whole_task(attrs.evolve(made, **job))


def _ids(result: TaskResult) -> list[str]:
    return [done.session_id for done in result.done]


def _keeping_going(task: Task) -> Task:
    return attrs.evolve(task, job=attrs.evolve(task.job, keep_going=True))


def _replace(task: Task, name: str, text: str) -> None:
    """Replace a session's text."""
    directory_of(Path(task.job.location), {name: text})


def test_all_sessions_are_replayed_in_order(task: Task) -> None:
    result = replayed(task)
    assert _ids(result) == ["a", "b", "c"]
    assert [done.found.place for done in result.done] == [(0, 0), (1, 0), (2, 0)]
    assert (result.problems, result.resume_at) == ((), None)
    assert [done.values for done in result.done] == [
        b'[["one"]]',
        b'[["two"]]',
        b'[["three"]]',
    ]
    counts = {done.counts for done in result.done}
    assert counts == {Counts(turns=1, events=2, messages=1, diagnostics=0)}


def test_one_plugin_sees_one_session_after_another(tmp_path: Path) -> None:
    text = GIVING.replace("said.clear()", "pass")
    values = [done.values for done in replayed(_task(tmp_path, text)).done]
    assert values[-1] == b'[["one","two","three"]]'


def test_a_result_that_is_not_json_fails_its_session(tmp_path: Path) -> None:
    text = "def replay_batch_result(): return {1}\n"
    result = replayed(_task(tmp_path, text, keep_going=True))
    assert [each.code for each in result.problems] == ["encode-error"] * 3


def test_an_odd_session_fails_if_that_is_asked(task: Task) -> None:
    odd = [{"type": "text_delta", "content": "a"}, {"type": "text", "content": "ab"}]
    (Path(task.job.location) / "b.json").write_text(json.dumps(odd))
    assert replayed(whole_task(task.job)).done[1].counts.diagnostics == 1
    strict = attrs.evolve(task.job, strict=True)
    (problem,) = replayed(whole_task(strict)).problems
    assert (problem.place, problem.code) == ((1, 0), "decode-error")


def test_what_is_wrong_with_a_job_is_told_before_anything_is_replayed(
    task: Task,
) -> None:
    Path(task.job.plugins[0].name).unlink()
    with pytest.raises(PluginError, match="no such file"):
        replayed(task)


def test_only_what_is_asked_for_is_replayed(task: Task, tmp_path: Path) -> None:
    some = frozenset([(0, 0), (2, 0)])
    assert _ids(replayed(attrs.evolve(task, included=some))) == ["a", "c"]
    assert _ids(replayed(attrs.evolve(task, excluded=some))) == ["b"]
    path = lines_of(tmp_path / "s.jsonl", [(each, "boom") for each in "abc"])
    lines = whole_task(job_of(path, *(each.name for each in task.job.plugins)))
    places = [found.place for found in stored(lines).found]
    (problem,) = replayed(attrs.evolve(lines, included=frozenset(places[1:2]))).problems
    assert problem.name == "b", "it is called by its id"


def test_digests_are_those_of_what_was_replayed_and_change_with_it(task: Task) -> None:
    before = stored(task)
    assert before.found == tuple(done.found for done in replayed(task).done)
    assert before.problems == ()
    _replace(task, "b", "changed")
    after = stored(whole_task(task.job)).found
    pairs = zip(after, before.found, strict=True)
    assert [a == b for a, b in pairs] == [True, False, True]


def test_a_session_that_fails_ends_a_task_or_is_passed_over(task: Task) -> None:
    _replace(task, "b", "boom")
    result = replayed(whole_task(task.job))
    assert _ids(result) == ["a"]
    (problem,) = result.problems
    assert (problem.place, problem.name, problem.code) == ((1, 0), "b", "plugin-error")
    assert "hook replay_text, event 1: ValueError: no booms" in problem.reason
    assert result.resume_at == (2, 0)
    result = replayed(_keeping_going(whole_task(task.job)))
    assert (_ids(result), result.problems) == (["a", "c"], (problem,))
    assert result.resume_at is None


def test_what_cannot_be_read_or_is_gone_is_a_problem(task: Task) -> None:
    path = Path(task.job.location) / "b.json"
    path.write_text("{")
    torn = _keeping_going(whole_task(task.job))
    for code in ("decode-error", "backend-error"):
        result = replayed(torn)
        assert _ids(result) == ["a", "c"]
        (problem,) = result.problems
        assert (problem.place, problem.code) == ((1, 0), code)
        assert "b.json" in problem.reason
        path.unlink(missing_ok=True)
    assert [problem.place for problem in stored(torn).problems] == [(1, 0)]
    others = attrs.evolve(torn, excluded=frozenset([(1, 0)]))
    assert replayed(others).problems == ()


def test_a_task_returns_what_it_has_when_the_first_result_is_due(task: Task) -> None:
    monitor = Monitor(result_at=0.0)
    result = replay_task(task, monitor)
    assert (_ids(result), result.resume_at) == (["a"], (1, 0))
    rest = replay_task(attrs.evolve(task, start=(1, 0)), monitor)
    assert (_ids(rest), rest.resume_at) == (["b", "c"], None)


BACKEND = """
import replay

class Odd:
    def __init__(self, location): pass
    def summaries(self): return map(replay.SessionSummary, "abc")
    def session(self, session_id):
        if session_id == "b": raise KeyError("oh")
        return replay.Session(session_id)
    def close(self): pass
"""


def test_a_session_at_which_a_backend_fails_is_a_problem_too(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(BACKEND)
    location = Path(f"{tmp_path / 'odd.py'}::Odd:x")
    result = replayed(_keeping_going(whole_task(job_of(location))))
    assert _ids(result) == ["a", "c"]
    (problem,) = result.problems
    assert problem.reason.startswith("backend 'Odd': cannot serve ")
    assert problem.reason.endswith("Odd:x: KeyError: 'oh'")


def test_a_session_says_that_its_id_is_repeated_where_the_task_knows(
    tmp_path: Path,
) -> None:
    path = lines_of(tmp_path / "s.jsonl", [("a", "1"), ("a", "2")])
    task = whole_task(job_of(path, plugin_at(tmp_path / "giving.py")))
    knowing = attrs.evolve(task, repetitions={(0, 0): 0, (0, 1): 1})
    assert [done.counts.diagnostics for done in replayed(task).done] == [0, 0]
    assert [done.counts.diagnostics for done in replayed(knowing).done] == [0, 1]
    second = attrs.evolve(knowing, start=(0, 1))
    assert [done.counts.diagnostics for done in replayed(second).done] == [1]


CLOSING = """
def replay_text(): pass
def replay_close(): {}
"""


def test_a_plugin_that_gives_nothing_is_closed_and_counts_if_that_goes_well(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    text = CLOSING.format(f"open({str(closed)!r}, 'x').close()")
    assert len(replayed(_task(tmp_path, text)).done) == 3
    assert closed.exists()
    result = replayed(_task(tmp_path, CLOSING.format("1 / 0")))
    assert result.done == ()
    assert [problem.name for problem in result.problems] == ["a", "b", "c"]
    assert "ZeroDivisionError" in result.problems[0].reason


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
    result = replayed(_task(tmp_path, FAILING_ONCE, keep_going=True))
    assert _ids(result) == ["c"]
    reasons = {problem.name: problem.reason for problem in result.problems}
    assert "hook replay_close: OSError: the disk is full" in reasons["a"]
    assert "no two" in reasons["b"]


def test_where_failures_are_isolated_what_it_did_is_not_final(tmp_path: Path) -> None:
    result = replayed(_task(tmp_path, FAILING_ONCE, on_plugin_error="isolate"))
    assert result.problems == ()
    errors = {done.session_id: done.plugin_errors for done in result.done}
    assert ["no two" in each for each in errors["b"]] == [True, False]
    assert "hook replay_close: OSError: the disk is full" in errors["b"][1]
    assert (errors["a"], errors["c"]) == (errors["b"][1:], ())


def test_ctrl_c_keeps_what_was_done(tmp_path: Path) -> None:
    text = """
def replay_text(message):
    if message.content == "two":
        raise KeyboardInterrupt
"""
    result = replayed(_task(tmp_path, text))
    assert _ids(result) == ["a"]
    assert (result.resume_at, result.is_interrupted) == ((1, 0), True)


def test_a_result_holds_no_more_than_so_many_bytes(tmp_path: Path) -> None:
    text = "def replay_batch_result(): return 'x' * 5_000_000\n"
    task = _task(tmp_path, text)
    first = replayed(task)
    assert (_ids(first), first.resume_at) == (["a", "b"], (2, 0))
    assert _ids(replayed(attrs.evolve(task, start=(2, 0)))) == ["c"]


MANY = 20_000 + 5  # sessions: more than a result holds


def _packed(folder: Path, data: bytes) -> Task:
    """Return the task of all lines of a compressed file, which is one portion."""
    path = folder / "s.jsonl.gz"
    path.write_bytes(data)
    return whole_task(job_of(path, plugin_at(folder / "giving.py")))


def test_a_result_tells_of_no_more_than_so_many_sessions(tmp_path: Path) -> None:
    task = _packed(tmp_path, gzip.compress(b'{"events": []}\n' * MANY, 1))
    first = stored(task)
    assert (len(first.found), first.resume_at) == (20_000, (0, 20_000))
    second = stored(attrs.evolve(task, start=(0, 20_000)))
    assert (len(second.found), second.resume_at) == (5, None)


@pytest.mark.slow
def test_a_result_tells_of_no_more_than_so_many_problems(tmp_path: Path) -> None:
    lines = b'{"events": []}\n' + b"{\n" * MANY
    first = replayed(_keeping_going(_packed(tmp_path, gzip.compress(lines, 1))))
    assert (len(first.problems), first.resume_at) == (20_000 - 1, (0, 20_000))


@pytest.mark.parametrize("isolated", [False, True])
def test_a_long_reason_is_cut(tmp_path: Path, *, isolated: bool) -> None:
    text = "def replay_text(): raise ValueError('x' * 100_000)"
    how: OnPluginError = "isolate" if isolated else "raise"
    result = replayed(_task(tmp_path, text, on_plugin_error=how))
    reasons = [each.reason for each in result.problems]
    reasons += [reason for each in result.done for reason in each.plugin_errors]
    assert {len(each) for each in reasons} == {4_001}
    assert all(each.endswith("xxx…") for each in reasons)


def test_where_a_reason_is_cut_no_piece_of_a_key_stays(tmp_path: Path) -> None:
    text = "def replay_text(): raise ValueError('no ' * 1300 + 'sk-' + 'a' * 200)"
    (problem,) = replayed(_task(tmp_path, text)).problems
    assert problem.reason.endswith("no no…")


def test_nothing_is_read_past_the_end_of_a_task(tmp_path: Path) -> None:
    random = Random(1)  # noqa: S311 - what packs badly
    lines = (json.dumps(document(random.randbytes(300).hex())) for _ in range(9_000))
    data = gzip.compress("\n".join(lines).encode())
    task = _packed(tmp_path, data[: len(data) // 2])
    assert stored(task).problems
    some = stored(attrs.evolve(task, stop=(0, 10)))
    assert (len(some.found), some.problems) == (10, ())


# Engines

SESSION = Session("s", events=[Text("one"), Text("two")])


@attrs.define(eq=False)
class Counting:
    """A plugin that counts texts, returns their number, and notes when it is closed."""

    calls: list[str] = attrs.field(factory=list)
    texts: int = 0

    def replay_text(self) -> None:
        self.texts += 1

    def replay_batch_result(self) -> object:
        texts, self.texts = self.texts, 0
        return texts

    def replay_batch_merge(self, results: BatchResults) -> None:
        self.calls.append(f"merge {[each.value for each in results]}")

    def replay_close(self, report: ReplayReport) -> None:
        self.calls.append(f"close {report.sessions}")


@attrs.define(eq=False)
class Closing:
    """A plugin without results that notes each time it is closed."""

    calls: list[str] = attrs.field(factory=list)

    def replay_close(self) -> None:
        self.calls.append("close")


class Failing(Closing):
    """A plugin that fails to merge."""

    def replay_batch_merge(self) -> None:
        raise ValueError


@attrs.define(eq=False)
class Around:
    """A plugin that wraps the others when the engine is closed."""

    calls: list[str] = attrs.field(factory=list)

    @hookimpl(wrapper=True)
    def replay_close(self) -> Generator[None, object, object]:
        self.calls.append("before")
        result = yield
        self.calls.append("after")
        return result


@attrs.define(eq=False)
class AroundAndGiving(Around):
    """The same plugin with results."""

    def replay_batch_result(self) -> object:
        return "given"


def working(*plugins: object, on_plugin_error: OnPluginError = "raise") -> WorkerEngine:
    return WorkerEngine(plugins, strict=False, on_plugin_error=on_plugin_error)


def test_a_worker_tells_what_each_session_came_to() -> None:
    with working(Counting(), Closing(), Counting()) as engine:
        report, values = engine.replay_with_results(SESSION)
        assert (report.session_id, values) == ("s", [2, None, 2])
        assert engine.replay_with_results(Session("t"))[1] == [0, None, 0]


def test_results_are_asked_for_when_the_session_has_ended() -> None:
    calls: list[str] = []
    plugin: Any = {
        "session_end": lambda: calls.append("end"),
        "batch_result": lambda: calls.append("result"),
    }
    working(plugin).replay_with_results(SESSION)
    assert calls == ["end", "result"]


def test_in_a_worker_a_plugin_that_gives_is_not_told_of_the_close() -> None:
    around = Around()
    for others in ([], [around]):
        giving, closing = Counting(), Closing()
        with working(giving, *others, closing):
            pass
        assert (giving.calls, closing.calls) == ([], ["close"])
    assert around.calls == ["before", "after"]
    going_around = AroundAndGiving()
    with working(going_around, closing):
        pass
    assert (going_around.calls, closing.calls) == ([], ["close"] * 2)


@pytest.mark.parametrize("others", [[], [Around()]], ids=["plain", "wrapped"])
def test_everywhere_else_it_is_told(others: list[object]) -> None:
    giving, merging = Counting(), Counting()
    with ReplayEngine([giving, *others]) as engine:
        engine.replay(SESSION)
    with LeaderEngine([merging, *others]):
        pass
    assert (giving.calls, merging.calls) == (["close 1"], ["close 0"])


def test_a_failure_is_in_the_report_of_its_session_and_no_other() -> None:
    def fail(context: Context) -> None:
        if context.session.session_id == "s":
            raise ValueError

    engine = working(
        {"text": fail}, {"batch_result": lambda: 1 // 0}, on_plugin_error="isolate"
    )
    report, values = engine.replay_with_results(SESSION)
    hooks = [error.hook for error in report.plugin_errors]
    assert hooks == ["replay_text"] * 2 + ["replay_batch_result"]
    assert values == [None, None]
    report, _ = engine.replay_with_results(attrs.evolve(SESSION, session_id="t"))
    assert [error.hook for error in report.plugin_errors] == ["replay_batch_result"]


def test_a_failure_to_give_a_result_is_raised() -> None:
    with pytest.raises(PluginError, match="hook replay_batch_result"):
        working({"batch_result": lambda: 1 // 0}).replay_with_results(SESSION)


def test_a_leader_merges_and_then_closes_with_the_totals() -> None:
    one, other = Counting(), Counting()
    results = [[BatchResult("00", "s", n)] for n in (7, 8)]
    with LeaderEngine([one, other]) as engine:
        engine.merge(results.__getitem__, ReplayReport(None, sessions=3))
    assert one.calls == ["merge [7]", "close 3"]
    assert other.calls == ["merge [8]", "close 3"]
    assert engine.report.sessions == 3


def test_where_a_merge_fails_those_after_it_are_not_closed() -> None:
    before, after = Counting(), Counting()
    failing = Failing()
    with (
        pytest.raises(PluginError, match="hook replay_batch_merge"),
        LeaderEngine([before, failing, after]) as engine,
    ):
        engine.merge(lambda _: [], ReplayReport(None, sessions=0))
    assert before.calls == ["merge []", "close 0"]
    assert failing.calls == ["close"]
    assert after.calls == []
