"""What a batch came to, for people and as JSON."""

import json

import attrs

from replay import BatchReport, Problem
from replay.cli.batch_run import json_of, problems_of, summary_of

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


def test_one_session_is_no_sessions() -> None:
    one = attrs.evolve(GOOD, sessions=1, replayed=0)
    assert summary_of(one).startswith("1 session: ")


def test_no_time_makes_no_rate() -> None:
    assert summary_of(attrs.evolve(GOOD, seconds=0.0)).endswith("; 0.0 s, 0.0/s")


def test_without_problems_there_are_no_lines() -> None:
    assert [*problems_of(GOOD)] == []


def test_each_problem_is_a_line() -> None:
    report = attrs.evolve(GOOD, problems=PROBLEMS, failed=1, quarantined=1)
    assert [*problems_of(report)] == [
        "ses-\x1b[1m: decode-error: not JSON",
        "ses-2: crashed, quarantined: killed",
    ]


def test_problems_that_a_report_does_not_hold_are_counted() -> None:
    report = attrs.evolve(GOOD, problems=PROBLEMS, failed=2_000, quarantined=1)
    assert [*problems_of(report)][2:] == ["1,999 more"]


def test_isolated_failures_past_those_of_a_report_are_not_passed_over() -> None:
    lines = [*problems_of(attrs.evolve(GOOD, problems=PROBLEMS[:1] * 100))]
    assert (len(lines), lines[-1]) == (101, "there may be more")
    assert len([*problems_of(attrs.evolve(GOOD, problems=PROBLEMS[:1] * 99))]) == 99


def test_half_a_character_in_a_name_is_no_fault() -> None:
    problem = attrs.evolve(PROBLEMS[0], name="\ud83d")
    said = json.loads(json_of(attrs.evolve(GOOD, problems=(problem,))))
    assert said["problems"][0]["session"] == "\ud83d"


def test_the_json_has_all_fields_and_the_times_last() -> None:
    report = attrs.evolve(GOOD, problems=PROBLEMS)
    said = json.loads(json_of(report))
    assert [*said] == [
        *("sessions", "replayed", "known", "failed", "quarantined"),
        *("turns", "events", "messages", "diagnostics", "problems", "times"),
    ]
    assert said["problems"][1] == {
        "session": "ses-2",
        "code": "crashed",
        "reason": "killed",
        "is_quarantined": True,
    }
    assert said["times"] == {"seconds": 4.0}


def test_the_json_is_one_line_that_is_safe_to_look_at() -> None:
    text = json_of(attrs.evolve(GOOD, problems=PROBLEMS))
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_but_for_the_times_the_json_of_equal_work_is_equal() -> None:
    slower = attrs.evolve(GOOD, seconds=5.0)
    first, second = (json_of(each).partition(',"times":') for each in (GOOD, slower))
    assert first[0] == second[0]
    assert first[2] != second[2]
