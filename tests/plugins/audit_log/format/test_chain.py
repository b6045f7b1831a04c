"""The chain of records."""

import json
import re
from hashlib import sha256

import pytest

from replay_plugins.audit_log.format.chain import (
    NO_PREVIOUS_HASH,
    Chain,
    ChainProblem,
    beginning,
    chain_problem,
    committed_fields,
    head_of,
    json_bytes,
    kind_of,
    time_of,
)

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def test_the_first_record_follows_nothing() -> None:
    record = json.loads(Chain("id").line("stop", "me", {"a": 1}))
    assert TIME.fullmatch(record.pop("time"))
    assert record.pop("monotonic_ns") >= 0
    assert [*record.items()] == [
        ("schema", "chat-replay.audit/1"),
        ("seq", 0),
        ("prev", "0" * 64),
        ("kind", "stop"),
        ("actor", "me"),
        ("a", 1),
    ]


def test_the_next_record_follows_the_leaf_of_the_one_before() -> None:
    chain = Chain("id")
    chain.line("stop", "me", {})  # never written
    line = chain.line("stop", "me", {})
    chain.advance(line)
    record = json.loads(chain.line("stop", "me", {}))
    leaf = sha256(b"\0" + line.removesuffix(b"\n"))
    assert (record["seq"], record["prev"]) == (1, leaf.hexdigest())
    assert chain.frontier.root() == leaf.digest()


@pytest.mark.parametrize(("last", "steps"), [("9999", ["clock_step"]), ("1999", [])])
def test_a_clock_that_goes_backwards_is_told(last: str, steps: list[str]) -> None:
    record = json.loads(Chain("id", last_time=last).line("stop", "me", {}))
    assert [*record][6:] == ["monotonic_ns", *steps]
    assert record.get("clock_step", True) is True


def test_a_line_is_ascii_without_blanks_or_line_feeds() -> None:
    value = {"\u2028": "\ud800\n é", "n": 10**40}
    line = Chain("id").line("stop", "\U0001f600", {"value": value})
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert b", " not in line
    assert json.loads(line)["value"] == value


@pytest.mark.parametrize("value", [{1}, float("nan"), float("inf"), b"x"])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        json_bytes(value)


def test_a_line_begins_as_its_place_demands_and_tells_its_time_and_kind() -> None:
    chain = Chain("id", last_time="1999")
    line = chain.line("stop", '","kind":"message"', {})
    assert line.startswith(beginning(0, "0" * 64))
    assert time_of(line) == json.loads(line)["time"]
    assert kind_of(line) == b"stop"


def record(**fields: object) -> bytes:
    return Chain("0" * 32).line("message", "ann", fields)[:-1]


def test_a_record_as_it_is_written_fits() -> None:
    assert chain_problem(record(), head_of(record()), 0, NO_PREVIOUS_HASH) is None


def test_a_record_that_holds_anything_has_a_head() -> None:
    odd = {"content": "\ud83d", "large": 10**400, "nested": [[{}]], "note": "of mine"}
    head = head_of(record(**odd))
    assert head is not None
    assert (head.seq, head.kind, head.actor) == (0, "message", "ann")
    assert head.note == "of mine"


def test_what_is_no_record_has_none() -> None:
    for line in (
        record()[:-1],
        record() + b" x",
        record().replace(b'"seq":0', b'"seq":0.5'),
        record().replace(b'"seq":0', b'"seq":"0"'),
        record().replace(b'"seq":0', b'"seq":-1'),
        record().replace(b'"seq":0', b'"seq":' + b"9" * 4300),
        record().replace(b'"kind":"message"', b'"kind":null'),
        record().replace(b'"actor":"ann",', b""),
        *(b"", b"[]", b'{"seq":5}', b"\xff", b"[" * 100_000),
    ):
        assert head_of(line) is None, line
        told = "it isn't a record: not the JSON that the log is written in"
        problem = chain_problem(line, head_of(line), 0, NO_PREVIOUS_HASH)
        assert problem == ChainProblem(told), line


def test_commitments_are_those_of_the_records_own_fields() -> None:
    mine = {"length": 3, "commitment": "ab"}
    line = record(content=mine, extra={"content": mine}, text='"commitment":"')
    assert dict(committed_fields(line)) == {"content": "ab"}
    assert dict(committed_fields(record(content={**mine, "more": 1}))) == {}
