import pytest

from replay import PluginError, ReplayReport
from replay.engine.report import Outcome


def report(
    *, outcome: Outcome = "complete", seconds: dict[str, float] | None = None
) -> ReplayReport:
    return ReplayReport("ses-1", outcome=outcome, seconds=seconds)


def test_totals_are_of_no_session() -> None:
    assert (report() + report()).session_id is None


def test_totals_count_sessions_and_turns() -> None:
    total = ReplayReport("a", turns=2) + ReplayReport("b", turns=3) + ReplayReport("c")
    assert (total.sessions, total.turns) == (3, 5)


@pytest.mark.parametrize("name", ["events", "messages", "diagnostics"])
def test_totals_add_what_was_counted_by_name(name: str) -> None:
    one = ReplayReport("a", **{name: {"text": 1, "stop": 1}})  # type: ignore[arg-type]  # one of three alike
    other = ReplayReport("b", **{name: {"text": 2}})  # type: ignore[arg-type]  # the same
    assert getattr(one + other, name) == {"text": 3, "stop": 1}


def test_totals_keep_every_plugin_error() -> None:
    first, second = PluginError("a", "no"), PluginError("b", "no")
    total = ReplayReport("a", plugin_errors=(first,)) + ReplayReport(
        "b", plugin_errors=(second,)
    )
    assert total.plugin_errors == (first, second)


def test_totals_name_a_dropped_plugin_once() -> None:
    total = ReplayReport("a", dropped_plugins=("x",)) + ReplayReport(
        "b", dropped_plugins=("y", "x")
    )
    assert total.dropped_plugins == ("x", "y")


def test_totals_add_the_seconds_of_each_plugin() -> None:
    total = report(seconds={"a": 1, "c": 8}) + report(seconds={"a": 2, "b": 4})
    assert total.seconds == {"a": 3, "b": 4, "c": 8}


@pytest.mark.parametrize("measured", [{}, {"a": 1.0}])
def test_totals_keep_the_seconds_that_only_one_measured(
    measured: dict[str, float],
) -> None:
    assert (report(seconds=measured) + report()).seconds == measured
    assert (report() + report(seconds=measured)).seconds == measured


def test_totals_of_what_was_not_measured_hold_no_seconds() -> None:
    assert (report() + report()).seconds is None


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        ("complete", "stopped", "stopped"),
        ("failed", "stopped", "failed"),
        ("complete", "complete", "complete"),
    ],
)
def test_the_worse_outcome_counts(one: Outcome, other: Outcome, worse: Outcome) -> None:
    assert (report(outcome=one) + report(outcome=other)).outcome == worse
