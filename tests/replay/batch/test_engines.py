"""Engines of a batch: those of the workers, and the leader's."""

from collections.abc import Generator
from typing import Any

import attrs
import pytest

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
from replay.batch.worker import LeadingEngine, WorkingEngine
from replay.engine.plugin_set import OnPluginError
from replay.engine.report import Results

SESSION = Session("s", events=[Text("one"), Text("two")])


@attrs.define(eq=False)
class Counting:
    """Counts texts, tells how many, and notes each time that it is closed."""

    calls: list[str] = attrs.field(factory=list)
    texts: int = 0

    def replay_text(self) -> None:
        self.texts += 1

    def replay_batch_result(self) -> object:
        texts, self.texts = self.texts, 0
        return texts

    def replay_batch_merge(self, results: Results) -> None:
        self.calls.append(f"merge {[each.value for each in results]}")

    def replay_close(self, report: ReplayReport) -> None:
        self.calls.append(f"close {report.sessions}")


@attrs.define(eq=False)
class Closing:
    """Gives nothing, and notes each time that it is closed."""

    calls: list[str] = attrs.field(factory=list)

    def replay_close(self) -> None:
        self.calls.append("close")


class Failing(Closing):
    """Fails to merge."""

    def replay_batch_merge(self) -> None:
        raise ValueError


@attrs.define(eq=False)
class Around:
    """Goes around what others do when the engine is closed."""

    calls: list[str] = attrs.field(factory=list)

    @hookimpl(wrapper=True)
    def replay_close(self) -> Generator[None, object, object]:
        self.calls.append("before")
        result = yield
        self.calls.append("after")
        return result


@attrs.define(eq=False)
class AroundAndGiving(Around):
    """The same, and it gives results."""

    def replay_batch_result(self) -> object:
        return "given"


def working(
    *plugins: object, on_plugin_error: OnPluginError = "raise"
) -> WorkingEngine:
    return WorkingEngine(plugins, strict=False, on_plugin_error=on_plugin_error)


def test_a_worker_tells_what_each_session_came_to() -> None:
    with working(Counting(), Closing(), Counting()) as engine:
        report, values = engine.replay_for_results(SESSION)
        assert (report.session_id, values) == ("s", [2, None, 2])
        assert engine.replay_for_results(Session("t"))[1] == [0, None, 0]


def test_results_are_asked_for_when_the_session_has_ended() -> None:
    calls: list[str] = []
    plugin: Any = {
        "session_end": lambda: calls.append("end"),
        "batch_result": lambda: calls.append("result"),
    }
    working(plugin).replay_for_results(SESSION)
    assert calls == ["end", "result"]


def test_in_a_worker_a_plugin_that_gives_is_not_told_of_the_close() -> None:
    giving, closing = Counting(), Closing()
    with working(giving, closing):
        pass
    assert (giving.calls, closing.calls) == ([], ["close"])


def test_nor_is_it_where_another_goes_around_the_close() -> None:
    giving, closing, around = Counting(), Closing(), Around()
    with working(giving, around, closing):
        pass
    assert (giving.calls, closing.calls) == ([], ["close"])
    assert around.calls == ["before", "after"]


def test_nor_is_it_where_it_goes_around_the_close_itself() -> None:
    giving, closing = AroundAndGiving(), Closing()
    with working(giving, closing):
        pass
    assert (giving.calls, closing.calls) == ([], ["close"])


@pytest.mark.parametrize("others", [[], [Around()]], ids=["plain", "wrapped"])
def test_everywhere_else_it_is_told(others: list[object]) -> None:
    giving, merging = Counting(), Counting()
    with ReplayEngine([giving, *others]) as engine:
        engine.replay(SESSION)
    with LeadingEngine([merging, *others]):
        pass
    assert (giving.calls, merging.calls) == (["close 1"], ["close 0"])


def test_a_failure_is_in_the_report_of_its_session_and_no_other() -> None:
    def fail(context: Context) -> None:
        if context.session.session_id == "s":
            raise ValueError

    engine = working(
        {"text": fail}, {"batch_result": lambda: 1 // 0}, on_plugin_error="isolate"
    )
    report, values = engine.replay_for_results(SESSION)
    hooks = [error.hook for error in report.plugin_errors]
    assert hooks == ["replay_text"] * 2 + ["replay_batch_result"]
    assert values == [None, None]
    report, _ = engine.replay_for_results(attrs.evolve(SESSION, session_id="t"))
    assert [error.hook for error in report.plugin_errors] == ["replay_batch_result"]


def test_a_failure_to_give_a_result_is_raised() -> None:
    with pytest.raises(PluginError, match="hook replay_batch_result"):
        working({"batch_result": lambda: 1 // 0}).replay_for_results(SESSION)


def test_a_leader_merges_and_then_closes_with_the_totals() -> None:
    one, other = Counting(), Counting()
    results = [[BatchResult("00", "s", n)] for n in (7, 8)]
    with LeadingEngine([one, other]) as engine:
        engine.merge(results.__getitem__, ReplayReport(None, sessions=3))
    assert one.calls == ["merge [7]", "close 3"]
    assert other.calls == ["merge [8]", "close 3"]
    assert engine.report.sessions == 3


def test_where_a_merge_fails_those_after_it_are_not_closed() -> None:
    before, after = Counting(), Counting()
    failing = Failing()
    with (
        pytest.raises(PluginError, match="hook replay_batch_merge"),
        LeadingEngine([before, failing, after]) as engine,
    ):
        engine.merge(lambda _: [], ReplayReport(None, sessions=0))
    assert before.calls == ["merge []", "close 0"]
    assert failing.calls == ["close"]
    assert after.calls == []
