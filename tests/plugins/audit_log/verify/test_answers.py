"""Answers as sentences and as JSON."""

import json

from replay_plugins.audit_log.verify.findings import (
    Findings,
    Problem,
    Removed,
    answers_of,
    object_of,
)


def test_every_answer_stands_under_its_question() -> None:
    found = Findings(log="id", files=2, records=9, first=0, clock_steps=3, recovered=1)
    log, unaltered, complete, anchored = answers_of(found)
    assert log == "log id: 9 records in 2 files"
    assert unaltered.endswith("records that say the clock went back: 3")
    assert complete.endswith("torn ends that were kept aside: 1")
    assert anchored.startswith("anchored: no; internally consistent, head not anchored")


def test_no_answer_hides_a_problem() -> None:
    for question in ("unaltered", "complete", "anchored", "openings"):
        found = Findings(records=9, signed=9, kept=9)
        found.add(question, "file:1", "it is odd", 7)
        lines = [*answers_of(found)]
        at = lines.index(f"{question}: NO, problems: 1")
        assert lines[at + 1] == "  file:1: record 7: it is odd"


def test_for_programs_everything_is_json() -> None:
    found = Findings(log="id", records=2, signers=("a", "b"))
    found.add("complete", "file", "it is cut")
    found.remove(Removed(1, "content", "2026"))
    answers = json.loads(json.dumps(object_of(found)))
    assert answers["complete"]["problem_count"] == 1
    assert answers["anchored"]["signers"] == ["a", "b"]
    assert answers["openings"]["removals"] == [
        {"seq": 1, "field": "content", "time": "2026"}
    ]


def test_a_problem_that_is_no_records_names_its_file() -> None:
    assert str(Problem("complete", "file", None, "it is cut")) == "file: it is cut"
