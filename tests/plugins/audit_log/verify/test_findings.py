"""Findings, as people and programs are told them."""

import json

import pytest

from replay_plugins.audit_log.verify.findings import (
    Findings,
    Removed,
    answers_of,
    object_of,
)


@pytest.mark.parametrize(
    ("kept", "since", "is_anchored"),
    [
        (0, 0, False),
        (8, 0, False),
        (9, 0, True),  # the tenth is the checkpoint's own record
        (10, 0, True),
        (9, 1, False),  # the tenth is another
        (10, 1, True),
    ],
)
def test_the_head_is_anchored_by_a_kept_checkpoint_of_all_but_itself(
    kept: int,
    since: int,
    is_anchored: bool,  # noqa: FBT001 - an expected value
) -> None:
    found = Findings(records=10, kept=kept, since_checkpoint=since)
    assert found.is_head_anchored is is_anchored


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
    assert found.is_good
    found.add("complete", "file", "it is cut")
    assert not found.is_good
    assert [*map(str, found.problems)] == ["file: it is cut"]
    found.remove(Removed(1, "content", "2026"))
    answers = json.loads(json.dumps(object_of(found)))
    assert answers["complete"]["problem_count"] == 1
    assert answers["anchored"]["signers"] == ["a", "b"]
    assert answers["openings"]["removals"] == [
        {"seq": 1, "field": "content", "time": "2026"}
    ]
