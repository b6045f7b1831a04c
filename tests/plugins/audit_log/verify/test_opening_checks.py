"""Openings, checked against commitments and removed."""

import json
import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from audit_logs import opened
from forged_logs import WrittenLog, written
from replay import AuditError, UnknownNameError
from replay_plugins.audit_log.log.content import DIGEST, content_filter
from replay_plugins.audit_log.verify.findings import Findings
from replay_plugins.audit_log.verify.opening_checks import (
    OpeningChecks,
    OpeningLine,
    remove,
)
from replay_plugins.audit_log.verify.verifier import verify

COMMITTED = content_filter("committed")
VALUES: list[object] = [
    *("", "text", '"}\n', "\ud83d", "prüfen \u2028"),
    *(None, True, 0, -1.5, 10**30, [], {}),
    {"commitment": "x", "length": [1, {"a": None}]},
]


@pytest.mark.parametrize("value", VALUES)
def test_any_value_fits_its_commitment(value: object) -> None:
    shown, opening = COMMITTED("content", value)
    assert isinstance(shown, dict)
    assert opening is not None
    read = OpeningLine.read(opening.line(7), 1)
    assert read is not None
    assert (read.seq, read.field) == (7, "content")
    assert read.commitment == shown["commitment"]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b'{"seq":1,"field":"a","removed":"2026-11-26T01:20:00.0Z"}',
        b'{"seq":01,"field":"a","removed":"2026-11-26T01:20:00.0Z"}\n',
        b'{"seq":1,"field":"a\\u0000","removed":"2026-11-26T01:20:00.0Z"}\n',
        b'{"seq":1,"field":"a","removed":"\\u001b"}\n',
        b'{"seq":1,"field":"a","removed":"----"}\n',
        b'{"seq":1,"field":"a","removed":"2026"}\n',
        b'{"seq":1,"field":"a","removed":"2026-02-30T01:20:00.0Z"}\n',
        b'{"seq":1,"field":"a","removed":"2026-11-26T29:20:00.0Z"}\n',
        b'{"seq":1,"field":"a","salt":"00","value":1}\n',
        b'{"seq": 1,"field":"a","removed":"2026-11-26T01:20:00.0Z"}\n',
    ],
)
def test_what_is_no_opening_is_none(line: bytes) -> None:
    assert OpeningLine.read(line, 1) is None


def checked(folder: Path, lines: list[bytes], *, size: int = 9) -> Findings:
    """Check openings against records 3 and 5, which are committed to a and b."""
    path = folder / "openings"
    path.write_bytes(b"".join(lines))
    findings = Findings()
    checks = OpeningChecks(path, findings)
    for seq in range(size):
        checks.take(seq, COMMITMENTS.get(seq, {}))
    checks.end(size)
    return findings


def made(seq: int, *fields: str) -> tuple[dict[str, str], list[bytes]]:
    commitments, lines = {}, []
    for field in fields:
        shown, opening = COMMITTED(field, f"{field} of {seq}")
        assert isinstance(shown, dict)
        assert opening is not None
        commitments[field] = str(shown["commitment"])
        lines.append(opening.line(seq))
    return commitments, lines


THREE, LINES_OF_THREE = made(3, "a", "b")
FIVE, LINES_OF_FIVE = made(5, "a", "b")
COMMITMENTS = {3: THREE, 5: FIVE}
ALL = [*LINES_OF_THREE, *LINES_OF_FIVE]


def test_an_opening_is_checked_as_the_page_says(log: WrittenLog) -> None:
    lines = log.files.openings.read_bytes().splitlines()
    keys = [[*json.loads(line)] for line in lines]
    assert keys == [["seq", "field", "salt", "value"]] * len(lines)
    places = [(each["seq"], each["field"]) for each in map(json.loads, lines)]
    assert [seq for seq, _ in places] == sorted(seq for seq, _ in places)
    assert len({*places}) == len(places)
    records = log.log.read_bytes().splitlines()
    for line, (seq, field) in zip(lines, places, strict=True):
        value = line.partition(b'"value":')[2][:-1]
        salt = bytes.fromhex(json.loads(line)["salt"])
        committed = json.loads(records[seq])[field]["commitment"]
        assert sha256(salt + value).hexdigest() == committed


def test_a_mark_says_what_was_removed(tmp_path: Path) -> None:
    mark = b'{"seq":5,"field":"a","removed":"2026-11-26T01:20:00.0Z"}\n'
    found = checked(tmp_path, [*LINES_OF_THREE, mark, LINES_OF_FIVE[1]])
    assert found.problems == []
    (removed,) = found.openings.removals
    assert (removed.seq, removed.field) == (5, "a")
    assert removed.time == "2026-11-26T01:20:00.0Z"


def test_an_opening_that_is_missing_or_cut_off_is_told(tmp_path: Path) -> None:
    for rest in ([], [ALL[-1][:-1]]):
        found = checked(tmp_path, [*ALL[:-1], *rest])
        assert (found.openings.missing, found.openings.matching) == (1, 3)
        assert [str(each) for each in found.problems] == [
            "openings: record 5: the opening of b is missing, and no mark says why"
        ]


def test_openings_that_were_swapped_are_told(tmp_path: Path) -> None:
    swapped = [each.replace(b'"seq":3', b'"seq":5') for each in LINES_OF_THREE]
    found = checked(tmp_path, [*LINES_OF_THREE, *swapped])
    assert [each.where for each in found.problems] == ["openings:3", "openings:4"]
    assert found.openings.matching == 2


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        ([*ALL, LINES_OF_THREE[0]], ["openings:5"]),
        ([LINES_OF_THREE[0], *ALL], ["openings:2"]),
        ([*LINES_OF_THREE, *made(4, "a")[1], *LINES_OF_FIVE], ["openings:3"]),
        ([*LINES_OF_THREE, *made(3, "c")[1], *LINES_OF_FIVE], ["openings:3"]),
        ([*ALL, *made(8, "a")[1]], ["openings:5"]),
        ([*ALL, b"nothing\n"], ["openings:5"]),
    ],
)
def test_what_stands_in_no_records_place_is_told(
    tmp_path: Path, lines: list[bytes], places: list[str]
) -> None:
    found = checked(tmp_path, lines)
    assert [each.where for each in found.problems] == places
    assert found.openings.matching == 4


def test_openings_that_know_more_records_than_the_log_are_told(tmp_path: Path) -> None:
    found = checked(tmp_path, [*ALL, *made(10, "a")[1]])
    assert [str(each) for each in found.problems] == [
        "openings:5: record 10: it opens a record that the log, of 9 records, has not"
    ]
    assert found.counts == {"complete": 1}


def test_openings_written_while_the_log_is_read_are_no_problem(tmp_path: Path) -> None:
    path, findings = tmp_path / "openings", Findings()
    path.touch()
    checks = OpeningChecks(path, findings)
    path.write_bytes(b"".join(made(10, "a")[1]))
    checks.end(9)
    assert findings.problems == []


def test_what_a_crash_left_past_the_last_record_is_no_problem(tmp_path: Path) -> None:
    (left,) = made(9, "a")[1]
    for opening in (left, left[:-1]):
        assert checked(tmp_path, [*ALL, opening]).problems == []


def test_openings_are_read_no_sooner_than_records(tmp_path: Path) -> None:
    path, findings, without = tmp_path / "openings", Findings(), Findings()
    OpeningChecks(path, without).take(3, THREE)
    assert (without.openings.unopened, without.problems) == (2, [])
    path.touch()
    checks = OpeningChecks(path, findings)
    path.write_bytes(b"".join(LINES_OF_THREE))
    checks.take(3, THREE)
    assert (findings.openings.matching, findings.problems) == (2, [])


def test_many_removals_are_counted_and_a_hundred_listed(tmp_path: Path) -> None:
    fields = {f"f{number}": "0" * 64 for number in range(103)}
    marks = (
        f'{{"seq":0,"field":"{each}","removed":"2026-11-26T01:20:00Z"}}\n'
        for each in fields
    )
    path, findings = tmp_path / "openings", Findings()
    path.write_text("".join(marks))
    checks = OpeningChecks(path, findings)
    checks.take(0, fields)
    assert findings.openings.removed == 103
    assert len(findings.openings.removals) == 100
    OpeningChecks(path, findings).end(9)  # without any record
    assert findings.counts == {"openings": 103}
    assert len(findings.problems) == 100


@pytest.fixture
def log(tmp_path: Path) -> WrittenLog:
    return written(tmp_path / "log", "committed")


def test_a_mark_takes_the_values_place_and_nothing_else_is_changed(
    log: WrittenLog,
) -> None:
    before = log.files.openings.read_bytes().splitlines()
    remove(log.log, 6, "content")
    after = log.files.openings.read_bytes().splitlines()
    assert len(after) == len(before)
    digest, changed = [at for at, line in enumerate(before) if line != after[at]]
    assert after[digest].startswith(b'{"seq":1,"field":"session.digest","removed":"20')
    assert after[changed].startswith(b'{"seq":6,"field":"content","removed":"20')
    assert stat.S_IMODE(log.files.openings.stat().st_mode) == 0o600
    assert not [*log.folder.glob("*.tmp")]


def digests_left(log: WrittenLog) -> list[int]:
    lines = log.files.openings.read_bytes().splitlines(keepends=True)
    read = [OpeningLine.read(line, 1) for line in lines]
    return [
        each.seq
        for each in read
        if each and each.field == DIGEST and each.removed is None
    ]


def test_a_removal_takes_the_digests_of_its_session_along(tmp_path: Path) -> None:
    log = WrittenLog(tmp_path, "committed")
    writer = opened(log.log, keeps_openings=True)
    kinds = ("start", "", "end", "start", "", "start", "", "end", "start", "")
    for number, kind in enumerate(kinds, 1):
        field, record = (DIGEST, f"session_{kind}") if kind else ("content", "message")
        shown, opening = COMMITTED(field, number)
        assert opening is not None
        writer.append(record, {field: shown}, [opening])
    writer.close()
    assert digests_left(log) == [1, 3, 4, 6, 8, 9]
    remove(log.log, 10, "content")
    remove(log.log, 5, "content")  # of a session that a crash ended
    assert digests_left(log) == [1, 3, 6, 8]
    remove(log.log, 2, "content")
    assert digests_left(log) == [6, 8]
    remove(log.log, 8, DIGEST)
    assert digests_left(log) == []
    assert verify(log.log).is_good


def test_what_cannot_be_removed_leaves_all_as_it_was(log: WrittenLog) -> None:
    remove(log.log, 6, "content")
    before = log.files.openings.read_bytes()
    with pytest.raises(UnknownNameError, match=r"removed before \(at 20"):
        remove(log.log, 6, "content")
    assert not [*log.folder.glob("*.tmp")]
    draft = log.files.openings.with_name(f"{log.files.openings.name}.tmp")
    os.mkdir(draft)  # noqa: PTH102 - so that no file of its name can be made
    with pytest.raises(AuditError):
        remove(log.log, 3, "content")
    assert log.files.openings.read_bytes() == before
    log.files.openings.unlink()
    with pytest.raises(FileNotFoundError, match="openings"):
        remove(log.log, 3, "content")
    assert not log.files.openings.exists()
