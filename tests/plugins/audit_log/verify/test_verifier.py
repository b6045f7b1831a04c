"""Verification of logs, honest or not."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_logs import lines_of, opened
from forged_logs import (
    KEYS,
    NAME,
    SIGNER,
    Attack,
    WrittenLog,
    edits,
    line_of,
    reasons,
    rebuilds,
    replaces,
    signed_note,
    written,
)
from replay import DecodeError, ReplayEngine, load_plugin, loads
from replay_plugins.audit_log.format.chain import Chain
from replay_plugins.audit_log.format.checkpoints import Checkpoint, read_note
from replay_plugins.audit_log.format.keys import Signer, Verifier
from replay_plugins.audit_log.verify.anchors import signature_problem
from replay_plugins.audit_log.verify.findings import (
    Findings,
    Removed,
    Unsigned,
    answers_of,
    object_of,
)
from replay_plugins.audit_log.verify.verifier import (
    check_anchored,
    verify,
    verify_in_steps,
)


@pytest.fixture
def log(tmp_path: Path) -> WrittenLog:
    return written(tmp_path / "log")


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[WrittenLog, bytes]:
    """Return a log that a test may change, and its original content."""
    log = written(tmp_path_factory.mktemp("honest") / "log")
    return log, log.log.read_bytes()


def test_recorded_content_is_not_taken_for_a_commitment(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    look_alike = {"length": 1, "commitment": "0" * 64}
    other = opened(log.log, actor="ann", about={"content_policy": "full"})
    other.append("tool_call", {"gen_ai.tool.call.arguments": look_alike})
    other.close()
    found = verify(log.log)
    assert (found.problems, found.openings.matching) == ([], 10)


def test_a_log_that_was_just_rotated_has_no_newest_file(log: WrittenLog) -> None:
    log.log.rename(log.files.next_part())
    assert verify(log.log, keys=KEYS, kept=[log.kept]).problems == []


def test_a_log_goes_on_with_another_actor_and_key(log: WrittenLog) -> None:
    other = Signer.generate("example.com/other")
    log.replay("ses-3", signer=other)
    assert verify(log.log, keys=(*KEYS, other.verifier())).problems == []
    assert verify(log.log, keys=KEYS).counts == {"anchored": 3}


def test_a_checkpoint_of_yesterday_holds_a_part(log: WrittenLog) -> None:
    before = verify(log.log).records
    log.replay("ses-3")
    found = verify(log.log, kept=[log.kept])
    assert found.problems == []
    assert found.kept == before
    assert not found.is_end_anchored


def test_records_after_the_last_checkpoint_are_counted(log: WrittenLog) -> None:
    edits(lambda lines: lines[:-2])(log)
    log.files.checkpoint.unlink()
    found = verify(log.log)
    assert found.problems == []
    assert (found.records, found.since_checkpoint) == (20, 9)


BESIDE = f"{NAME}.checkpoint: "
ALTERED = "record 4 was altered: record 5 holds a different hash for it"


def no_checkpoint(log: WrittenLog) -> None:
    replaces(b'"note":"chat-replay/', b'"note":"\\n', -1)(log)
    log.files.checkpoint.write_text("nothing")


def pipe_beside(log: WrittenLog) -> None:
    log.files.checkpoint.unlink()
    os.mkfifo(log.files.checkpoint)


def another_tool(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
    records[4]["gen_ai.tool.name"] = "keep"
    return records


def back(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
    records[4]["time"] = "1999-01-01T00:00:00.000000Z"
    return records


def mixed(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
    return [*records, {**records[0], "log": "f" * 32, "time": records[-1]["time"]}]


WRONG: list[tuple[Attack, str]] = [
    (replaces(b"4200.0", b"9200.0"), f":5: {ALTERED}"),
    (replaces(b"audit/1", b"audit/2"), ":5: record 4: its schema isn't chat-replay.au"),
    (replaces(b'"seq":4', b'"seq": 4'), ":5: record 4: it is not written as the log w"),
    (replaces(b'"seq":4', b'"seq":7'), ":5: record 7: records 4 to 6 are missing bef"),
    (replaces(b'"seq":4', b'"seq":2'), ":5: record 2: it stands where record 4 shoul"),
    (
        replaces(b'"prev":"0', b'"prev":"1', 0),
        ":1: record 0: it is the first record, a",
    ),
    (replaces(b'"seq":0', b'"seq":-5', 0), ":1: it isn't a record: not the JSON that "),
    (
        replaces(b'"note":"c', b'"note":"\x10', -1),
        ":22: it isn't a record: not the JSON ",
    ),
    (no_checkpoint, ".checkpoint: it isn't a text, a blank line and signatures"),
    (pipe_beside, ".checkpoint: it isn't a regular file"),
    (
        replaces(b'"note":"chat-replay/', b'"note":"', -1),
        ":22: record 21: the checkpoint is",
    ),
    (
        replaces(b"\\n21\\n", b"\\n20\\n", -1),
        ":22: record 21: the checkpoint covers 20",
    ),
    (
        rebuilds(another_tool, keeps_notes=True),
        ":11: record 10: the records before it d",
    ),
    (
        rebuilds(back),
        ":5: record 4: its time is before the last record's, and it does no",
    ),
    (rebuilds(mixed), f":23: record 22: it opens another log, '{'f' * 32}'"),
    (replaces(b'"ann"', b'"bob"', -1), ":22: record 21: its actor did not open the l"),
]


@pytest.mark.parametrize(("attack", "told"), WRONG)
def test_what_is_altered_is_told_with_its_place(
    log: WrittenLog, attack: Attack, told: str
) -> None:
    attack(log)
    assert reasons(log)[0].startswith(f"unaltered: {NAME}{told}")


def test_an_altered_record_is_named_itself_and_in_its_own_file(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    part = log.files.parts()[0]
    lines = part.read_bytes().splitlines()
    last = len(lines) - 1
    lines[-1] = lines[-1].replace(b'"ann"', b'"bob"')
    part.write_bytes(b"\n".join(lines) + b"\n")
    told = f"record {last} was altered: record {last + 1} holds a different hash for it"
    assert f"unaltered: {part.name}:{last + 1}: {told}" in reasons(log)
    (problem,) = (each for each in verify(log.log).problems if each.reason == told)
    assert problem.seq == last


def test_what_checkpoints_do_not_fit_is_told_once(log: WrittenLog) -> None:
    rebuilds(another_tool, keeps_notes=True)(log)
    told = f"unaltered: {BESIDE}the first 22 records differ from those it covers"
    assert [*reasons(log, keys=KEYS)][1:] == [told]


def test_what_is_missing_is_told_at_its_end(log: WrittenLog) -> None:
    whole = log.log.read_bytes()
    edits(lambda lines: lines[3:6])(log)
    assert reasons(log, kept=[log.kept]) == [
        f"complete: {NAME}:1: record 3: records 0 to 2 are missing before it",
        "anchored: checkpoint: not all records that it covers are here",
        f"anchored: {BESIDE}not all records that it covers are here",
    ]
    log.log.write_bytes(b"".join(whole.splitlines(keepends=True)[:6]))
    told = f"complete: {BESIDE}it covers 22 records, but only 6 are here"
    assert reasons(log) == [told]
    log.log.write_bytes(whole[:-10])
    told = "the line has no end: it was cut, or its writer crashed"
    assert reasons(log) == [
        f"complete: {NAME}:22: record 21: {told}",
        f"complete: {BESIDE}it covers 22 records, but only 21 are here",
    ]


def test_a_record_that_its_note_belies_is_told(log: WrittenLog) -> None:
    replaces(b'"signed":true', b'"signed":false', -1)(log)
    told = "record 21: the record and its note disagree on whether it is signed"
    assert reasons(log)[0] == f"anchored: {NAME}:22: {told}"


def test_any_checkpoint_of_a_log_may_be_kept(log: WrittenLog) -> None:
    lines = lines_of(log.log)
    chain = Chain(verify(log.log).log)
    for line in lines[:5]:
        chain.advance(line + b"\n")
    notes = {
        10: json.loads(lines[10])["note"],
        5: signed_note(Checkpoint.of(chain).text(), SIGNER),
    }
    for size, note in notes.items():
        log.kept.write_text(note)
        found = verify(log.log, keys=KEYS, kept=[log.kept])
        assert (found.kept, found.problems) == (size, [])


# Records that no checkpoint covered in time


def crashed(log: WrittenLog, records: int = 1) -> None:
    """Append records as a killed writer does."""
    writer = opened(log.log, actor="ann", signer=SIGNER)
    writer.checkpoint()
    for _ in range(records):
        writer.append("stop", {})


def anchored(log: WrittenLog, keys: Sequence[Verifier] = ()) -> Findings:
    """Verify a log as ``--require-anchor`` does, with the newest checkpoint kept."""
    log.keep()
    found = verify(log.log, kept=[log.kept], keys=keys)
    check_anchored(found, log.log)
    return found


def test_records_that_nobody_signed_in_time_are_named_and_no_anchor(
    log: WrittenLog,
) -> None:
    crashed(log, 2)
    log.replay("ses-3")
    for keys in (KEYS, ()):
        found = anchored(log, keys)
        assert (found.unsigned, found.unsigned_records) == (2, [Unsigned(24, 25)])
        assert [str(each) for each in found.problems] == [
            f"{NAME}: records that no checkpoint covered in time: 2"
        ]
        assert verify(log.log, keys=keys).is_good
    told = "  no checkpoint covered records 24 to 25 when the log was opened again"
    assert told in answers_of(found)
    answers: Any = object_of(found)
    assert answers["anchored"]["unsigned_records"] == [[24, 25]]


def test_a_checkpoint_kept_before_or_signed_vouches_for_records(
    log: WrittenLog,
) -> None:
    first = log.kept.rename(log.folder / "first")
    log.files.checkpoint.unlink()
    log.replay("ses-3")
    assert anchored(log).unsigned_records == [Unsigned(0, 21)]
    assert not anchored(log).is_good
    assert anchored(log, KEYS).unsigned_records == [Unsigned(21, 21)]
    assert anchored(log, KEYS).is_good
    found = verify(log.log, kept=[first])
    assert (found.unsigned, found.problems) == (0, [])


def older(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
    for each in records:
        each.pop("unsigned", None)
    return records


def test_a_log_of_an_older_version_is_verified_and_goes_on(log: WrittenLog) -> None:
    crashed(log)
    log.replay("ses-3")
    rebuilds(older, SIGNER, copies_notes=True)(log)
    found = anchored(log, KEYS)
    assert (found.problems, found.kept) == ([], found.records - 1)
    assert found.unsigned_records == [Unsigned(24, 24)]
    log.replay("ses-4")
    found = anchored(log, KEYS)
    assert (found.problems, found.kept) == ([], found.records)
    assert found.unsigned_records == [Unsigned(24, 24), Unsigned(36, 36)]


def test_many_records_that_nobody_signed_are_counted() -> None:
    found = Findings()
    for number in range(103):
        found.leave(Unsigned(number, number), is_doubtful=False)
    found.leave(Unsigned(200, 201), is_doubtful=True)
    assert (found.unsigned, len(found.unsigned_records)) == (105, 100)
    check_anchored(found, Path(NAME))
    assert found.counts == {"anchored": 2}


def test_a_key_asks_for_a_checkpoint(log: WrittenLog) -> None:
    edits(lambda lines: lines[:4])(log)
    log.files.checkpoint.unlink()
    assert reasons(log) == []
    assert reasons(log, keys=KEYS) == [f"anchored: {NAME}: it has no checkpoint"]


def test_another_log_in_its_place_is_told(log: WrittenLog) -> None:
    other = written(log.folder / "other")
    assert reasons(other, keys=KEYS) == []
    (told,) = reasons(other, keys=KEYS, kept=[log.kept])
    assert told.startswith("anchored: checkpoint: it is of another log, 'chat-replay/")


def test_an_empty_file_has_no_record(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert reasons(WrittenLog(tmp_path)) == [f"complete: {NAME}: it has no records"]


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_that_is_changed_before_the_last_record_is_found(
    honest: tuple[WrittenLog, bytes], data: st.DataObject
) -> None:
    log, whole = honest
    end = whole.rindex(b'\n{"schema"')
    place = data.draw(st.integers(0, end))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != whole[place]))
    log.log.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    assert not verify(log.log).is_good


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_changed_in_the_last_note_is_found(
    honest: tuple[WrittenLog, bytes], data: st.DataObject
) -> None:
    log, whole = honest
    begin = whole.rindex(b'"note":')
    place = data.draw(st.integers(begin, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != whole[place]))
    log.log.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    found = verify(log.log, keys=KEYS, kept=[log.kept])
    assert not found.is_good


def test_a_clock_that_went_back_and_says_so_is_counted(tmp_path: Path) -> None:
    log = WrittenLog(tmp_path)
    with_future = opened(log.log)
    with_future.close()

    def ahead(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
        return [{**each, "time": "2999-01-01T00:00:00.000000Z"} for each in records]

    rebuilds(ahead)(log)
    log.replay("ses-1", signer=None)
    found = verify(log.log)
    assert (found.problems, found.clock_steps) == ([], 1)


def test_a_torn_end_that_was_kept_aside_is_counted(tmp_path: Path) -> None:
    log = WrittenLog(tmp_path)
    opened(log.log).close()
    with log.log.open("ab") as file:
        file.write(b'{"schema')
    log.replay("ses-1", signer=None)
    found = verify(log.log)
    assert (found.problems, found.recovered) == ([], 1)


def test_a_torn_end_that_was_changed_is_told_and_one_may_be_gone(
    tmp_path: Path,
) -> None:
    log = WrittenLog(tmp_path, "committed")
    opened(log.log).close()
    for path in (log.log, log.files.openings):
        with path.open("ab") as file:
            file.write(b'{"schema')
    log.replay("ses-1", signer=None)
    torn = log.files.all_torn()
    assert [each.name for each in torn] == [f"{NAME}.torn-1", f"{NAME}.openings.torn-1"]
    assert verify(log.log).is_good
    for number, path in enumerate(torn, 4):
        path.write_bytes(b'{"schemb')
        place = f"{NAME}:{number}: record {number - 1}"
        told = f"{path.name} isn't the torn end that it describes"
        assert reasons(log) == [f"unaltered: {place}: {told}"]
        path.unlink()
    assert verify(log.log).is_good


def test_a_torn_end_is_read_once_however_many_records_describe_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = WrittenLog(tmp_path)
    opened(log.log).close()
    with log.log.open("ab") as file:
        file.write(b'{"schema')
    log.replay(signer=None)
    number = line_of(log, "recovered")
    rebuilds(lambda found: found[:number] + [found[number]] * 100)(log)
    read, system_open = list[str](), os.open

    def noting_open(path: Any, *given: Any, **more: Any) -> int:  # noqa: ANN401 - as the system's
        read.append(str(path))
        return system_open(path, *given, **more)

    monkeypatch.setattr(os, "open", noting_open)
    assert verify(log.log).recovered == 100
    assert read.count(f"{log.log}.torn-1") == 1


@pytest.mark.parametrize("content", ["full", "digest", "redacted", "committed"])
def test_an_honest_log_may_hold_half_a_character(tmp_path: Path, content: str) -> None:
    events = [
        r'{"type":"user_input","content":"\ud83d"}',
        r'{"type":"text_delta","content":"\ud83d"}',
        r'{"type":"text_delta","content":"\ude00"}',
    ]
    plugin = load_plugin("audit_log", path=tmp_path / "a", content=content)
    with ReplayEngine([plugin]) as engine:
        engine.replay(loads(f"[{','.join(events)}]"))
    assert verify(tmp_path / "a").problems == []


def test_a_kept_checkpoint_that_is_none_is_an_error(log: WrittenLog) -> None:
    log.kept.write_text("nothing")
    with pytest.raises(DecodeError, match=f"{log.kept}: note: "):
        verify(log.log, kept=[log.kept])


def test_every_thousand_records_tell_how_far_it_is(tmp_path: Path) -> None:
    log = opened(tmp_path / NAME, sync="session")
    for _ in range(2500):
        log.append("diagnostic", {})
    log.close()
    steps = [*verify_in_steps(tmp_path / NAME, (), ())]
    assert len(steps) == 3
    assert steps[-1].records == 2502


ANN, BOB = Signer.generate("ann"), Signer.generate("bob")
CHECKPOINT = Checkpoint("chat-replay/id", 3, bytes(32))


def test_one_of_the_keys_must_have_signed_and_no_signature_may_be_false() -> None:
    by_ann = signed_note(CHECKPOINT.text(), ANN)
    for keys, problem in (
        *(([], None), ([ANN], None), ([BOB, ANN], None)),
        ([BOB], "the checkpoint is not signed by the key"),
    ):
        verifiers = [key.verifier() for key in keys]
        assert signature_problem(read_note(by_ann), verifiers) == problem
    of_another = signed_note(f"{CHECKPOINT.text()}more\n", BOB)
    both = read_note(by_ann + of_another.splitlines(keepends=True)[-1])
    told = signature_problem(both, [ANN.verifier(), BOB.verifier()])
    assert told == "a signature in the key's name is not the key's"


# Findings, as people and programs are told them


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
def test_the_end_is_anchored_by_a_kept_checkpoint_of_all_but_itself(
    kept: int,
    since: int,
    is_anchored: bool,  # noqa: FBT001 - an expected value
) -> None:
    found = Findings(records=10, kept=kept, since_checkpoint=since)
    assert found.is_end_anchored is is_anchored


def test_every_answer_stands_under_its_question() -> None:
    found = Findings(log="id", files=2, records=9, first=0, clock_steps=3, recovered=1)
    log, unaltered, complete, anchored = answers_of(found)
    assert log == "log id: 9 records in 2 files"
    assert unaltered.endswith("times the clock was set back: 3")
    assert complete.endswith("torn ends kept aside: 1")
    assert anchored.startswith("anchored: no: the log agrees with itself, but anyone")


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
