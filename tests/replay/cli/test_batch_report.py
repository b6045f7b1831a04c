"""Reports of batches, for people and as JSON."""

import json

import attrs

from fake_secrets import SECRETS
from replay import BatchReport, Problem
from replay.cli.batch_run import json_of, problems_of, summary_of
from replay.cli.rewriters import rewriting_plugins_of, without_secrets

(SECRET,) = SECRETS["llamacloud-key"]
GOOD = BatchReport(
    sessions=2_001,
    replayed=2_000,
    known=1,
    failed=0,
    quarantined=0,
    turns=1,
    events=2,
    messages=3,
    diagnostics=4,
    seconds=4.0,
)
PROBLEMS = (
    Problem((0, 3), "ses-\x1b[1m", "decode-error", "not JSON"),
    Problem((1, 0), "ses-2", "crashed", "killed", is_quarantined=True),
)


def test_the_summary_is_a_line_of_numbers() -> None:
    assert summary_of(GOOD) == (
        "2,001 sessions: 2,000 replayed now, 1 known from before, 0 failed, "
        "0 quarantined; 4.0 s, 500/s"
    )
    one = attrs.evolve(GOOD, sessions=1, replayed=0, seconds=0.0)
    assert summary_of(one).startswith("1 session: ")
    assert summary_of(one).endswith("; 0.0 s, 0.0/s")


def test_each_problem_is_a_line() -> None:
    report = attrs.evolve(GOOD, problems=PROBLEMS, failed=1, quarantined=1)
    assert [*problems_of(report)] == [
        "ses-\x1b[1m: decode-error: not JSON",
        "ses-2: crashed, quarantined: killed",
    ]
    more = attrs.evolve(report, failed=2_000)
    assert [*problems_of(more)][2:] == ["1,999 more"]
    assert [*problems_of(GOOD)] == []


def test_isolated_failures_past_those_of_a_report_are_not_passed_over() -> None:
    lines = [*problems_of(attrs.evolve(GOOD, problems=PROBLEMS[:1] * 100))]
    assert (len(lines), lines[-1]) == (101, "there may be more")
    assert len([*problems_of(attrs.evolve(GOOD, problems=PROBLEMS[:1] * 99))]) == 99


def test_the_json_has_all_fields_and_the_times_last() -> None:
    half = Problem((1, 1), "\ud83d", "crashed", "killed")
    text = json_of(attrs.evolve(GOOD, problems=(*PROBLEMS, half)))
    members = json.loads(text)
    assert [*members] == [
        *("sessions", "replayed", "known", "failed", "quarantined"),
        *("turns", "events", "messages", "diagnostics", "problems", "times"),
    ]
    assert members["problems"][1] == {
        "session": "ses-2",
        "code": "crashed",
        "reason": "killed",
        "is_quarantined": True,
    }
    assert members["problems"][2]["session"] == "\ud83d"
    assert members["times"] == {"seconds": 4.0}
    assert text.count("\n") == text.endswith("}\n") == 1
    assert "\x1b" not in text


def test_only_plugins_that_rewrite_are_made() -> None:
    plugins = [("audit_log", {"path": "/nowhere/at/all"}), ("redact", {})]
    assert len(rewriting_plugins_of(plugins)) == 1


def test_names_and_reasons_are_told_without_secrets() -> None:
    problem = Problem((0, 0), f"of {SECRET}", "decode-error", f"not {SECRET}")
    report = attrs.evolve(GOOD, failed=1, problems=(problem,))
    assert without_secrets(report, []) == report
    redacted = without_secrets(report, rewriting_plugins_of([("redact", {})]))
    assert SECRET in str(report)
    assert SECRET not in str(redacted)
    assert redacted.problems[0].name.startswith("of ")
