"""What is read of a record."""

import pytest

from replay_plugins.audit_log.format.chain import (
    NOTHING,
    Chain,
    committed_fields,
    head_of,
    misfit,
)


def record(**fields: object) -> bytes:
    return Chain("0" * 32).line("message", "ann", fields)[:-1]


def test_a_record_as_it_is_written_fits() -> None:
    assert misfit(record(), head_of(record()), 0, NOTHING) is None


def test_a_record_that_holds_anything_has_a_head() -> None:
    odd = {"content": "\ud83d", "large": 10**400, "nested": [[{}]], "note": "of mine"}
    head = head_of(record(**odd))
    assert head is not None
    assert (head.seq, head.kind, head.actor) == (0, "message", "ann")
    assert head.note == "of mine"


@pytest.mark.parametrize(
    "line",
    [
        record()[:-1],
        record() + b" x",
        record().replace(b'"seq":0', b'"seq":0.5'),
        record().replace(b'"seq":0', b'"seq":"0"'),
        record().replace(b'"seq":0', b'"seq":-1'),
        record().replace(b'"seq":0', b'"seq":' + b"9" * 4300),
        record().replace(b'"kind":"message"', b'"kind":null'),
        record().replace(b'"actor":"ann",', b""),
    ],
    ids=["cut", "more", "half", "text", "negative", "huge", "no kind", "no actor"],
)
def test_what_is_no_record_has_none(line: bytes) -> None:
    assert head_of(line) is None
    told = misfit(line, head_of(line), 0, NOTHING)
    assert told == (None, "it is no record: not the JSON that the log is written in")


def test_commitments_are_those_of_the_records_own_fields() -> None:
    mine = {"length": 3, "commitment": "ab"}
    line = record(content=mine, extra={"content": mine}, text='"commitment":"')
    assert dict(committed_fields(line)) == {"content": "ab"}
    assert dict(committed_fields(record(content={**mine, "more": 1}))) == {}
