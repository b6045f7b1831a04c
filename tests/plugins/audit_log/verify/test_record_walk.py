"""What is found in the records of a log, honest or not."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_logs import opened
from forged_logs import (
    KEYS,
    NAME,
    Written,
    edited,
    reasons,
    rebuilt,
    replaced,
    written,
)
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.verify.verifier import verify


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Written, bytes]:
    """Return a log that a test may change, and what it holds at first."""
    log = written(tmp_path_factory.mktemp("honest") / "log")
    return log, log.log.read_bytes()


def test_recorded_content_is_not_taken_for_a_commitment(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    look_alike = {"length": 1, "commitment": "0" * 64}
    other = opened(log.log, actor="ann", about={"content_policy": "full"})
    other.append("tool_call", {"gen_ai.tool.call.arguments": look_alike})
    other.close()
    found = verify(log.log)
    assert (found.problems, found.openings.matching) == ([], 8)


def test_one_chain_goes_through_all_files(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    found = verify(log.log, keys=KEYS, kept=[log.kept])
    assert found.problems == []
    assert found.files == len(log.files.parts()) + 1 > 3


def test_a_log_that_was_just_rotated_has_no_newest_file(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    log.log.rename(log.files.next_part())
    assert verify(log.log, keys=KEYS, kept=[log.kept]).problems == []


def test_a_log_goes_on_with_another_actor_and_key(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    other = Signer.generate("example.com/other")
    log.replay("ses-3", signer=other)
    assert verify(log.log, keys=(*KEYS, other.verifier())).problems == []
    assert verify(log.log, keys=KEYS).counts == {"anchored": 3}


def test_a_checkpoint_of_yesterday_holds_a_part(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    before = verify(log.log).records
    log.replay("ses-3")
    found = verify(log.log, kept=[log.kept])
    assert found.problems == []
    assert found.kept == before - 1
    assert not found.is_head_anchored


def test_records_after_the_last_checkpoint_are_counted(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[:-2])
    log.files.checkpoint.unlink()
    found = verify(log.log)
    assert found.problems == []
    assert (found.records, found.since_checkpoint) == (20, 9)


def test_an_edited_record_is_told_at_the_record_that_follows_it(
    tmp_path: Path,
) -> None:
    log = written(tmp_path / "log")
    replaced(log, 4, b"4200.0", b"9200.0")
    assert reasons(log)[0] == (
        f"unaltered: {NAME}:6: record 5: "
        "the record before it is not the one that it follows"
    )
    assert len(reasons(log)) == 2  # and the file with the last checkpoint does not fit


@pytest.mark.parametrize(
    "record",
    [b"", b"[]", b'{"seq":5}', b"\xff", b"[" * 100_000],
    ids=["empty", "list", "number alone", "no ASCII", "deep"],
)
def test_what_is_no_record_is_told(tmp_path: Path, record: bytes) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: [*lines[:5], record, *lines[6:]])
    assert f"unaltered: {NAME}:6: it is no record" in reasons(log)[0]


def test_a_last_record_that_is_none_is_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, -1, b'"note":"chat', b'"note":"\x10hat')
    (told,) = reasons(log)
    assert told.startswith(f"unaltered: {NAME}:22: it is no record")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_byte_that_is_changed_before_the_last_record_is_found(
    honest: tuple[Written, bytes], data: st.DataObject
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
    honest: tuple[Written, bytes], data: st.DataObject
) -> None:
    log, whole = honest
    begin = whole.rindex(b'"note":')
    place = data.draw(st.integers(begin, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != whole[place]))
    log.log.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    found = verify(log.log, keys=KEYS, kept=[log.kept], must_be_anchored=True)
    assert not found.is_good


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"schema":"chat-replay.audit/1"', b'"schema":"other/1"', "not of the schema"),
        (b'"seq":5,"', b'"seq": 5,"', "not written as the log writes records"),
        (b'"seq":5,"', b'"seq":7,"', "records 5 to 6 are not there before it"),
        (b'"seq":5,"', b'"seq":2,"', "it stands where record 5 should be"),
    ],
)
def test_what_does_not_fit_in_its_place_is_told(
    tmp_path: Path, old: bytes, new: bytes, told: str
) -> None:
    log = written(tmp_path / "log")
    replaced(log, 5, old, new)
    assert told in reasons(log)[0]


def test_a_missing_beginning_is_told_at_that_end(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[3:])
    assert reasons(log, kept=[log.kept])[0] == (
        f"complete: {NAME}:1: record 3: records 0 to 2 are missing before it"
    )
    assert "anchored: checkpoint: the records that it is of are not all here" in (
        reasons(log, kept=[log.kept])
    )


def test_a_beginning_is_missing_where_no_record_names_the_log(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[3:6])
    assert reasons(log) == [
        f"complete: {NAME}:1: record 3: records 0 to 2 are missing before it",
        f"anchored: {NAME}.checkpoint: the records that it is of are not all here",
    ]


def test_a_first_record_below_zero_is_altered(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, 0, b'"seq":0', b'"seq":-5')
    told = reasons(log)[0]
    assert told.startswith(f"unaltered: {NAME}:1: it is no record")


def test_a_missing_end_is_told_by_the_checkpoint_beside(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[:6])
    assert reasons(log) == [
        f"complete: {NAME}.checkpoint: it is of 21 records, and 6 are here"
    ]


def test_a_line_that_is_not_ended_is_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    log.log.write_bytes(log.log.read_bytes()[:-10])
    (told,) = reasons(log)
    where, _, what = told.partition(": record 21: ")
    assert where == f"complete: {NAME}:22"
    assert what == "the line is not ended: it is cut, or its writer crashed"


def test_an_empty_file_has_no_record(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert reasons(Written(tmp_path)) == [f"complete: {NAME}: it has no record"]


def test_a_key_asks_for_a_checkpoint(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[:4])
    log.files.checkpoint.unlink()
    assert reasons(log) == []
    assert reasons(log, keys=KEYS) == [f"anchored: {NAME}: it has no checkpoint"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"note":"chat-replay/', b'"note":"chat-replay/0', "is of another log"),
        (b"\\n21\\n", b"\\n20\\n", "the checkpoint is of 20 records"),
        (b'"signed":true', b'"signed":false', "whether it is signed is not as"),
    ],
)
def test_a_last_checkpoint_that_was_edited_is_told(
    tmp_path: Path, old: bytes, new: bytes, told: str
) -> None:
    log = written(tmp_path / "log")
    replaced(log, -1, old, new)
    assert told in " ".join(reasons(log))


def test_what_checkpoints_do_not_fit_is_told_once(tmp_path: Path) -> None:
    log = written(tmp_path / "log")

    def more(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
        records[4]["gen_ai.tool.name"] = "keep"
        return records

    rebuilt(log, more, keeps_notes=True)
    within, beside = reasons(log, keys=KEYS)
    assert within.startswith(f"unaltered: {NAME}:11: record 10: the records before it")
    assert beside.startswith(f"unaltered: {NAME}.checkpoint: the first 21 records are")


def test_another_log_in_its_place_is_told(tmp_path: Path) -> None:
    log, other = written(tmp_path / "log"), written(tmp_path / "other")
    shutil.copy(other.log, log.log)
    shutil.copy(other.files.checkpoint, log.files.checkpoint)
    assert reasons(log, keys=KEYS) == []
    (told,) = reasons(log, keys=KEYS, kept=[log.kept])
    assert told.startswith("anchored: checkpoint: it is of another log")


def test_a_clock_that_went_back_and_says_so_is_counted(tmp_path: Path) -> None:
    log = Written(tmp_path)
    with_future = opened(log.log)
    with_future.close()

    def ahead(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
        return [{**each, "time": "2999-01-01T00:00:00.000000Z"} for each in records]

    rebuilt(log, ahead)
    log.replay("ses-1", signer=None)
    found = verify(log.log)
    assert (found.problems, found.clock_steps) == ([], 1)


def test_a_clock_that_went_back_in_silence_is_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")

    def back(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
        records[4]["time"] = "1999-01-01T00:00:00.000000Z"
        return records

    rebuilt(log, back)
    (told,) = reasons(log)
    assert told.endswith("its time is before the last record's, and it does not say so")


def test_another_actor_than_who_opened_the_log_is_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, -1, b'"actor":"ann"', b'"actor":"bob"')
    (told,) = reasons(log, keys=KEYS, kept=[log.kept])
    assert told.endswith("record 21: its actor is not who opened the log, 'ann'")


def test_records_of_another_log_are_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")

    def mixed(records: list[dict[str, object]]) -> Iterable[dict[str, object]]:
        begin = {**records[0], "log": "f" * 32, "time": records[-1]["time"]}
        return [*records, begin]

    rebuilt(log, mixed)
    told = reasons(log)[0]
    assert told.endswith(f"it opens another log, '{'f' * 32}'")


def test_a_torn_end_that_was_kept_aside_is_counted(tmp_path: Path) -> None:
    log = Written(tmp_path)
    opened(log.log).close()
    with log.log.open("ab") as file:
        file.write(b'{"schema')
    log.replay("ses-1", signer=None)
    found = verify(log.log)
    assert (found.problems, found.recovered) == ([], 1)


def test_a_thousand_problems_are_counted_and_a_hundred_listed(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"{}\n" * 1000)
    found = verify(tmp_path / NAME)
    assert found.counts == {"unaltered": 1000}
    assert len(found.problems) == 100
