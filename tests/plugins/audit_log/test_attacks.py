"""Attacks by somebody who can write all of a log's files, and the answers of verify.

Each attack is on a real log whose last checkpoint was kept elsewhere. The table in the
docs must match the command's answers.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from click.testing import CliRunner

from forged_logs import (
    SIGNER,
    Attack,
    WrittenLog,
    edits,
    line_of,
    rebuilds,
    replaces,
    signed_note,
    written,
)
from replay.cli.app import command
from replay_plugins.audit_log.format.chain import Chain
from replay_plugins.audit_log.format.checkpoints import Checkpoint, read_checkpoint
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.verify.opening_checks import remove

PAGE: Final = Path(__file__).resolve().parents[3] / "docs/explanation/audit-log.md"
PUBLIC: Final = str(SIGNER.verifier())
THIEF: Final = Signer.generate(SIGNER.name)

Attacks: TypeAlias = list[tuple[str, Attack]]
Records: TypeAlias = list[dict[str, Any]]


def pays_more(records: Records) -> Records:
    for each in records:
        if each["kind"] == "tool_call":
            each["gen_ai.tool.call.arguments"]["amount"] = 9200.0
    return records


def without_the_call(records: Records) -> Iterable[dict[str, Any]]:
    return (each for each in records if each["kind"] != "tool_call")


def swapped_files(log: WrittenLog) -> None:
    first, second, *_ = log.files.parts()
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def first_checkpoint_beside(log: WrittenLog) -> int:
    """Put the first session's checkpoint beside the log; return its line number."""
    place, lines = line_of(log, "checkpoint"), log.log.read_bytes().splitlines()
    _, before = read_checkpoint(json.loads(lines[place])["note"])
    chain = Chain(before.origin.removeprefix("chat-replay/"))
    for line in lines[: place + 1]:
        chain.advance(line + b"\n")
    beside = Checkpoint.of(chain, before.time)
    log.files.checkpoint.write_text(signed_note(beside.text(), SIGNER))
    return place


def back_to_the_first_session(log: WrittenLog) -> None:
    end = first_checkpoint_beside(log) + 1
    edits(lambda lines: lines[:end])(log)


def old_copy(log: WrittenLog) -> None:
    copies = log.folder / "copies"
    copies.mkdir()
    mine = (log.log, log.files.checkpoint)
    for each in mine:
        shutil.copy(each, copies)
    log.replay("ses-3")
    log.keep()
    for each in mine:
        shutil.copy(copies / each.name, each)


def gone_on_from_twice(log: WrittenLog) -> None:
    old_copy(log)
    log.replay("ses-4")


def tail_without_a_checkpoint(log: WrittenLog) -> None:
    edits(lambda lines: lines[:-6])(log)
    log.files.checkpoint.unlink()


def time_beside_edited(log: WrittenLog) -> None:
    beside = log.files.checkpoint
    beside.write_bytes(beside.read_bytes().replace(b"\ntime 20", b"\ntime 21"))


def torn(change: Callable[[Path], object]) -> Attack:
    """Return an attack that changes the torn end which the writer kept aside."""

    def tear(log: WrittenLog) -> None:
        with log.log.open("ab") as file:
            file.write(b'{"schema":"chat-rep')

    def attack(log: WrittenLog) -> None:
        gone_on_from(tear)(log)
        (kept,) = log.files.torn()
        change(kept)

    return attack


def another_logs_file(log: WrittenLog) -> None:
    other = written(log.folder / "other", max_bytes=1500)
    shutil.copy(other.files.parts()[1], log.files.parts()[1])


def another_log(log: WrittenLog) -> None:
    other = written(log.folder / "other")
    shutil.copy(other.log, log.log)
    shutil.copy(other.files.checkpoint, log.files.checkpoint)


def another_logs_records(log: WrittenLog) -> None:
    other = written(log.folder / "other")
    theirs = other.log.read_bytes().splitlines()[3:6]
    edits(lambda lines: [*lines[:6], *theirs, *lines[6:]])(log)


def crashed_and_edited(log: WrittenLog) -> None:
    """Edit the last record after a crash that left the second session unfinished."""
    first_checkpoint_beside(log)
    log.keep()
    edits(lambda lines: lines[:-2])(log)
    replaces(b'"outcome":"complete"', b'"outcome":"stopped"', -1)(log)


def records_added(log: WrittenLog) -> None:
    def more(records: Records) -> Records:
        return [*records, {**records[4], "time": records[-1]["time"]}]

    rebuilds(more, keeps_notes=True)(log)


def gone_on_from(attack: Attack) -> Attack:
    """Return an attack after which the writer goes on; its checkpoint is kept."""

    def both(log: WrittenLog) -> None:
        attack(log)
        log.replay("ses-3")
        log.keep()

    return both


def checkpoint_added(log: WrittenLog) -> None:
    """Add the record of a checkpoint, with the note beside the log."""

    def more(records: Records) -> Records:
        return [*records, {**records[-1], "note": log.files.checkpoint.read_text()}]

    rebuilds(more, keeps_notes=True)(log)


def last_note_beside(log: WrittenLog) -> None:
    note = json.loads(log.log.read_bytes().splitlines()[-1])["note"]
    log.files.checkpoint.write_text(note)


key_added = replaces(b'"signed":true', b'"signed":true,"paid":true', -1)


def key_added_and_last_note_beside(log: WrittenLog) -> None:
    last_note_beside(log)
    key_added(log)


def clock_set_back(log: WrittenLog) -> None:
    def ahead(records: Records) -> Records:
        return [{**each, "time": "2999-01-01T00:00:00.000000Z"} for each in records]

    gone_on_from(rebuilds(ahead, SIGNER))(log)


def openings(change: Callable[[list[bytes]], Iterable[bytes]]) -> Attack:
    def attack(log: WrittenLog) -> None:
        lines = change(log.files.openings.read_bytes().splitlines(keepends=True))
        log.files.openings.write_bytes(b"".join(lines))

    return attack


def other_salt(lines: list[bytes]) -> list[bytes]:
    salt = re.compile(rb'"salt":"[0-9a-f]{64}"')
    return [salt.sub(b'"salt":"%s"' % (b"0" * 64), lines[0]), *lines[1:]]


def mark(date: bytes) -> Attack:
    def change(lines: list[bytes]) -> list[bytes]:
        assert lines[1].startswith(b'{"seq":3,"field":"content",')
        line = b'{"seq":3,"field":"content","removed":"%b"}\n' % date
        return [lines[0], line, *lines[2:]]

    return openings(change)


PLAIN: Final[Attacks] = [
    ("Edit a record", replaces(b'"to":"Acme"', b'"to":"Evil"')),
    ("Change a number's form: `4200.0` to `4.2e3`", replaces(b"4200.0", b"4.2e3")),
    (
        "Change a letter to its look-alike in another script",
        replaces(b"Acme", b"\\u0410cme"),
    ),
    (
        "Change the layout: a blank between key and value",
        replaces(b'"turn":0', b'"turn": 0'),
    ),
    ("Change when a record was written", replaces(b'"time":"20', b'"time":"21')),
    ("Delete a record", edits(lambda lines: [*lines[:4], *lines[5:]])),
    (
        "Insert a record",
        edits(
            lambda lines: [
                *lines[:5],
                lines[4].replace(b'"seq":4', b'"seq":5'),
                *lines[5:],
            ]
        ),
    ),
    ("Duplicate a record", edits(lambda lines: [*lines[:5], lines[4], *lines[5:]])),
    (
        "Reorder two records",
        edits(lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]]),
    ),
    ("Cut the beginning off", edits(lambda lines: lines[4:])),
    ("Cut the tail off", edits(lambda lines: lines[:-6])),
    (
        "Cut the tail off at an earlier checkpoint, and put that beside the log",
        back_to_the_first_session,
    ),
    (
        "Cut the tail off anywhere, and delete the checkpoint beside the log",
        tail_without_a_checkpoint,
    ),
    ("Put an old copy of the whole log in its place", old_copy),
    (
        "Go on twice from a copy of the log, and show one auditor each",
        gone_on_from_twice,
    ),
    (
        "Truncate in the middle of a record",
        lambda log: log.log.write_bytes(log.log.read_bytes()[:-30]),
    ),
    (
        "Fill the tail with zeros",
        lambda log: log.log.write_bytes(log.log.read_bytes()[:-300] + bytes(300)),
    ),
    ("Edit the time in the checkpoint beside the log", time_beside_edited),
    (
        "Edit the torn end that was kept aside",
        torn(lambda path: path.write_bytes(b"nothing")),
    ),
    ("Delete the torn end that was kept aside", torn(Path.unlink)),
    (
        "Turn a byte of a record to a NUL, as a crash might",
        replaces(b'"Acme"', b'"Acm\0"'),
    ),
    (
        "Edit what the last record, a checkpoint, says of the records",
        replaces(b"\\n21\\n", b"\\n20\\n", -1),
    ),
    (
        "Edit who wrote the last record",
        replaces(b'"actor":"ann"', b'"actor":"bob"', -1),
    ),
    (
        "Edit when the last record, a checkpoint, was written",
        replaces(b'"time":"20', b'"time":"21', -1),
    ),
    (
        "Edit the last record of a log without a checkpoint at its end",
        crashed_and_edited,
    ),
    ("Add a record after the last checkpoint", records_added),
    (
        "Add a record after the last checkpoint, and let the writer go on",
        gone_on_from(records_added),
    ),
    (
        "Add the record of a checkpoint, with the note that is beside the log",
        checkpoint_added,
    ),
    ("Add a key to the last record, a checkpoint", key_added),
    ("Put the last record's own note beside the log", last_note_beside),
    (
        "Do both, and let the writer go on",
        gone_on_from(key_added_and_last_note_beside),
    ),
    ("Delete the last record, a checkpoint", edits(lambda lines: lines[:-1])),
    (
        "Edit a record and rebuild the chain; leave the checkpoints",
        rebuilds(pays_more, keeps_notes=True),
    ),
    ("Edit a record and rebuild chain and checkpoints, unsigned", rebuilds(pays_more)),
    (
        "Delete a record and rebuild chain and checkpoints, unsigned",
        rebuilds(without_the_call),
    ),
    (
        "Strip the signatures and rebuild the chain",
        rebuilds(list, says_it_is_signed=True),
    ),
    (
        "Replace the key: rebuild all, sign with a key of the same name",
        rebuilds(pays_more, THIEF),
    ),
    ("Steal the key: rebuild all, sign with the true key", rebuilds(pays_more, SIGNER)),
    ("Set the clock back while the log is written", clock_set_back),
    ("Put another log of the same key in its place", another_log),
    ("Mix records of another log in", another_logs_records),
]
ROTATED: Final[Attacks] = [
    ("Swap two files of the log", swapped_files),
    ("Remove the oldest file", lambda log: log.files.parts()[0].unlink()),
    ("Remove a file from the middle", lambda log: log.files.parts()[1].unlink()),
    ("Put another log's file in place of one", another_logs_file),
]
DIGESTED: Final[Attacks] = [
    (
        "Change the salt of the digests",
        lambda log: log.files.salt.write_bytes(bytes(32)),
    )
]
COMMITTED: Final[Attacks] = [
    ("Change a committed field's salt", openings(other_salt)),
    (
        "Change a committed field's value",
        openings(lambda lines: [each.replace(b"4200", b"9200") for each in lines]),
    ),
    (
        "Delete a committed field's value without a mark",
        openings(lambda lines: lines[1:]),
    ),
    ("Delete the file of committed values", lambda log: log.files.openings.unlink()),
    (
        "Replace a committed field's value by a mark with a false date",
        mark(b"1999-01-01T00:00:00Z"),
    ),
    (
        "Replace a committed field's value by a mark without a date",
        mark(b"----"),
    ),
    (
        "Put an old copy of the log and its checkpoint back, not of committed values",
        old_copy,
    ),
    (
        "Remove a committed field's value with `replay audit remove`",
        lambda log: remove(log.log, 3, "content"),
    ),
]
#: Attacks, each with the options of the log.
ATTACKS: Final[list[tuple[Attacks, dict[str, Any]]]] = [
    (PLAIN, {}),
    (ROTATED, {"max_bytes": 1500}),
    (DIGESTED, {"content": "digest"}),
    (COMMITTED, {"content": "committed"}),
]
NAMES: Final = [name for attacks, _ in ATTACKS for name, _ in attacks]


def answer(*arguments: object) -> str:
    """Return the questions that `replay audit verify` answers with problems."""
    words = ["audit", "verify", "--json", *map(str, arguments)]
    result = CliRunner().invoke(command, words, standalone_mode=False)
    found = json.loads(result.output)
    wrong = [name for name in found if isinstance(found[name], dict)]
    wrong = [name for name in wrong if not found[name]["good"]]
    assert result.return_value == bool(wrong)
    assert found["good"] is not bool(wrong)
    return ", ".join(wrong) or "not shown"


def answers_to(name: str, folder: Path) -> list[str]:
    """Return each auditor's verification result for an attack."""
    ((options, attack),) = (
        (options, dict(attacks)[name])
        for attacks, options in ATTACKS
        if name in dict(attacks)
    )
    log = written(folder / "log", **options)
    attack(log)
    anchors = ("--key", PUBLIC, "--checkpoint", log.kept, "--require-anchor")
    return [answer(log.log, *anchors[:count]) for count in (0, 2, 5)]


def rows_of_the_page() -> dict[str, list[str]]:
    """Return the page's answers to each attack, and its remark."""
    _, _, table = PAGE.read_text(encoding="utf-8").partition("| Attack | ")
    lines = table.split("\n\n")[0].splitlines()[2:]
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {name: answers for name, *answers in rows}


def test_no_log_is_wrong_before_the_attack(tmp_path: Path) -> None:
    for content in ("full", "committed"):
        log = written(tmp_path / content, content, max_bytes=1500)
        anchors = ("--key", PUBLIC, "--checkpoint", log.kept, "--require-anchor")
        assert answer(log.log, *anchors) == "not shown"


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_is_answered_as_the_page_says(tmp_path: Path, name: str) -> None:
    assert answers_to(name, tmp_path) == rows_of_the_page()[name][:3]


def test_the_page_lists_all_attacks_and_says_why_some_are_out_of_reach() -> None:
    rows = rows_of_the_page()
    assert rows.keys() == {*NAMES}
    assert len(rows) == len(NAMES) >= 20
    assert all(remark for *_, shown, remark in rows.values() if shown == "not shown")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(
            (rb'"%b":' % key, rb'"paid":9200,"%b":' % key)
            for key in (b"kind", b"actor")
        ),
        (b'"monotonic_ns":', b'"paid":9200,"monotonic_ns":'),
        (b'"actor":"ann",', b'"actor":"ann","actor":"ann",'),
        (b'"monotonic_ns":', b'"monotonic_ns":' + b"9200" * 5),
        (b'"time":"', b'"time":"9200 euros were paid at '),
    ],
)
def test_the_record_of_a_checkpoint_says_nothing_else_wherever_it_stands(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    log = written(tmp_path / "log")
    last_note_beside(log)
    gone_on_from(replaces(old, new, -1))(log)
    for anchors in ((), ("--key", PUBLIC)):
        assert "unaltered" in answer(log.log, *anchors)
