"""Recovery of a log when it is opened."""

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from audit_logs import kinds_of, lines_of, opened, records_of
from replay.errors import AuditError, AuditTamperedError
from replay_plugins.audit_log.format.chain import (
    NO_PREVIOUS_HASH,
    beginning,
    json_bytes,
)
from replay_plugins.audit_log.log.content import Opening
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.log.recovery import end_of_openings, read_back


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a closed log of 12 records in four files, without its checkpoint."""
    path = tmp_path / "a"
    with_parts = opened(path, max_bytes=400)
    for number in range(4):
        with_parts.append("stop", {"number": number})
    with_parts.close()
    assert len(lines_of(path)) == 12
    assert len(LogFiles(path).parts()) == 3
    (tmp_path / "a.checkpoint").rename(tmp_path / "kept")
    return path


def test_a_log_is_one_chain_through_its_files(log: Path) -> None:
    found = read_back(LogFiles(log))
    leaf = sha256(b"\0" + lines_of(log)[-1]).hexdigest()
    assert (found.chain.size, found.chain.head) == (12, leaf)
    assert found.chain.log_id == records_of(log)[0]["log"]
    assert found.chain.last_time == records_of(log)[-1]["time"]


def state_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_cut_at_any_byte_exactly_the_whole_records_are_kept(log: Path) -> None:
    whole = log.read_bytes()
    before = len(lines_of(log)) - len(whole.splitlines())
    for size in range(len(whole)):
        log.write_bytes(whole[:size])
        found = read_back(LogFiles(log))
        lines = whole[:size].count(b"\n")
        assert found.chain.size == before + lines
        assert found.is_torn == (not whole[:size].endswith(b"\n") and size > 0)


@pytest.mark.parametrize(
    "torn",
    [
        b'{"schema"',
        b"\0" * 5000,
        b"\0" * 5 + b'"}\n{"schema":"x"}\n',
        b"\0\n",
        b"{\0}\n",
    ],
)
def test_a_torn_end_is_kept_aside_and_told_and_the_log_goes_on(
    log: Path, torn: bytes
) -> None:
    with log.open("ab") as file:
        file.write(torn)
    opened(log).append("stop", {})
    assert log.with_name("a.torn-1").read_bytes() == torn
    assert log.with_name("a.torn-1").stat().st_mode & 0o777 == 0o600
    assert kinds_of(log)[12:] == ["log_opened", "recovered", "stop"]
    told = records_of(log)[13]
    assert {key: told[key] for key in ("file", "bytes", "sha256")} == {
        "file": "a.torn-1",
        "bytes": len(torn),
        "sha256": sha256(torn).hexdigest(),
    }


@pytest.mark.parametrize("place", [20, -20, -1], ids=["begin", "end", "line feed"])
def test_whole_records_after_a_damaged_one_are_damage(
    tmp_path: Path, place: int
) -> None:
    path = tmp_path / "a"
    written_with_openings(path)
    writer = opened(path)
    writer.append("stop", {})
    writer.append("stop", {})
    del writer
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = bytearray(lines[-2])
    damaged[place] = 0
    path.write_bytes(b"".join([*lines[:-2], damaged, lines[-1]]))
    before = state_of(tmp_path)
    with pytest.raises(AuditTamperedError, match="record 6 is damaged, and more recor"):
        opened(path)
    assert state_of(tmp_path) == before


def test_two_records_glued_after_the_checkpoint_are_damage(tmp_path: Path) -> None:
    writer = opened(tmp_path / "a")
    for _ in range(3):
        writer.append("stop", {})
    del writer
    lines = (tmp_path / "a").read_bytes().splitlines()
    (tmp_path / "a").write_bytes(b"\n".join(lines[:-1]) + b" " + lines[-1] + b"\n")
    with pytest.raises(AuditTamperedError, match="record 2 isn't a record"):
        opened(tmp_path / "a")


FIRST = beginning(0, NO_PREVIOUS_HASH)


@pytest.mark.parametrize(
    "text",
    [
        *(b"notes", b"{}", b"a\0b", b'{"a":1}', FIRST[:-1] + b"!", FIRST[:9] + b"\n\0"),
        *(b"\0" * 5000 + b"x", b"\0\n", FIRST[:9] + bytes(2 << 20) + b"x"),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_file_that_is_no_log_is_refused_and_left_as_it_is(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "a"
    path.write_bytes(text)
    with pytest.raises(AuditTamperedError, match="does not begin as an audit log does"):
        opened(path)
    assert path.read_bytes() == text
    assert not [*tmp_path.glob("a.torn*")]


@pytest.mark.parametrize(
    "torn", [b"\0" * 9, FIRST[:9], FIRST + b"20", FIRST[:9] + b"\0"]
)
def test_zeros_and_the_beginning_of_a_first_record_are_what_a_crash_leaves(
    tmp_path: Path, torn: bytes
) -> None:
    (tmp_path / "a").write_bytes(torn)
    opened(tmp_path / "a")
    assert kinds_of(tmp_path / "a") == ["log_opened", "recovered"]
    assert (tmp_path / "a.torn-1").read_bytes() == torn


def test_several_torn_ends_are_each_told_once(log: Path) -> None:
    log.with_name("a.torn-1").write_bytes(b"left untold by a kill")
    for torn in (b"one", b"two"):
        with log.open("ab") as file:
            file.write(torn)
        opened(log)
    opened(log)
    told = [record for record in records_of(log) if record["kind"] == "recovered"]
    assert [record["file"] for record in told] == ["a.torn-1", "a.torn-2", "a.torn-3"]


def edit(path: Path, number: int, change: Callable[[bytes], bytes]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = change(lines[number])
    path.write_bytes(b"".join(lines))


def nothing(_: bytes) -> bytes:
    return b""


def renumbered(line: bytes) -> bytes:
    return line.replace(b'"number":0', b'"number":1')


def part(log: Path, number: int) -> Path:
    return log.with_name(f"a.{number:06}")


def swap_parts(log: Path) -> None:
    part(log, 1).rename(log.with_name("x"))
    part(log, 2).rename(part(log, 1))
    log.with_name("x").rename(part(log, 2))


def begin_with(rest: bytes) -> Callable[[Path], None]:
    """Return an edit that leaves one record, with anything after its first fields."""

    def attack(log: Path) -> None:
        remove_the_log(log)
        log.write_bytes(beginning(0, NO_PREVIOUS_HASH) + rest + b"\n")

    return attack


def remove_the_log(log: Path) -> None:
    for path in [*LogFiles(log).parts(), log]:
        path.unlink()


NOW = b'2026-11-26T01:20:00Z","kind":"log_opened"'
FOLLOWS = "record 2 does not follow the one before it"
NOT_A_LOG = "it does not begin as an audit log does"


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (lambda log: edit(part(log, 1), 1, renumbered), FOLLOWS),
        (lambda log: edit(part(log, 1), 1, nothing), "record 1 does not follow"),
        (lambda log: edit(log, 0, lambda line: line + b"{}\n"), "does not follow"),
        (lambda log: edit(log, 0, lambda line: line * 2), "does not follow"),
        (lambda log: part(log, 1).unlink(), NOT_A_LOG),
        (lambda log: part(log, 2).unlink(), "does not follow"),
        (swap_parts, NOT_A_LOG),
        (lambda log: os.truncate(part(log, 1), 700), "it is torn after record 1"),
        (lambda log: edit(part(log, 2), -1, nothing), "does not follow"),
        (begin_with(NOW + b"}"), "does not say its log"),
        (begin_with(NOW), "does not say its log"),
        (begin_with(b'soon","kind":"a","log":"a"}'), "does not say when it was"),
    ],
)
def test_a_broken_chain_is_refused_and_nothing_is_appended(
    log: Path, attack: Callable[[Path], None], found: str
) -> None:
    attack(log)
    before = state_of(log.parent)
    with pytest.raises(AuditTamperedError, match=found):
        opened(log)
    assert state_of(log.parent) == before


def cut_the_tail(log: Path) -> None:
    edit(log, -1, nothing)
    edit(log, -1, nothing)


def begin_another(log: Path) -> None:
    remove_the_log(log)
    for _ in range(12):
        opened(log)


def rebuild(log: Path) -> None:
    """Change a record, and rebuild the chain after it."""
    lines = [*map(renumbered, lines_of(log))]
    remove_the_log(log)
    head = "0" * 64
    with log.open("wb") as file:
        for line in lines:
            record = json_bytes(json.loads(line) | {"prev": head})
            file.write(record + b"\n")
            head = sha256(b"\0" + record).hexdigest()


OTHERS = "its first 12 records are not those of its checkpoint"


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (cut_the_tail, "it has 10 records, and its checkpoint 12"),
        (remove_the_log, "it has 0 records, and its checkpoint 12"),
        (begin_another, OTHERS),
        (rebuild, OTHERS),
    ],
)
def test_a_log_that_is_not_what_its_checkpoint_says_is_refused(
    log: Path, attack: Callable[[Path], None], found: str
) -> None:
    attack(log)
    log.with_name("kept").rename(log.with_name("a.checkpoint"))
    before = state_of(log.parent)
    with pytest.raises(AuditTamperedError, match=found):
        opened(log)
    assert state_of(log.parent) == before


@pytest.mark.parametrize("note", [b"\n", b"x\n\n", b"\xff"])
def test_a_checkpoint_that_is_none_is_refused(log: Path, note: bytes) -> None:
    log.with_name("a.checkpoint").write_bytes(note)
    with pytest.raises(
        AuditTamperedError, match=r"a\.checkpoint: it isn't a checkpoint"
    ):
        opened(log)


def test_a_torn_end_that_is_a_pipe_is_refused(log: Path) -> None:
    os.mkfifo(log.with_name("a.torn-1"))
    with pytest.raises(AuditError, match="regular file"):
        opened(log)


# Openings

ONE = Opening("content", "0a", "one")
LINES = [ONE.line(seq) for seq in (1, 2, 2, 5)]
MARK = b'{"seq":1,"field":"content","removed":"2026-11-26T01:20:00Z"}\n'


def kept_of(path: Path, data: bytes, size: int) -> bytes:
    path.write_bytes(data)
    return data[: end_of_openings(path, size)]


@pytest.mark.parametrize(("size", "kept"), [(5, 3), (6, 4)])
def test_openings_of_the_next_record_were_left_by_a_kill(
    tmp_path: Path, size: int, kept: int
) -> None:
    assert kept_of(tmp_path / "a", b"".join(LINES), size) == b"".join(LINES[:kept])


@pytest.mark.parametrize(("size", "seq"), [(0, 1), (1, 2), (2, 5), (3, 5), (4, 5)])
def test_openings_that_know_more_records_than_the_log_are_refused(
    tmp_path: Path, size: int, seq: int
) -> None:
    with pytest.raises(AuditTamperedError, match=f"it opens record {seq}, but the log"):
        kept_of(tmp_path / "a", b"".join(LINES), size)


def written_with_openings(path: Path) -> None:
    log = opened(path, keeps_openings=True)
    for _ in range(3):
        log.append("stop", {}, [ONE])
    log.close()


def test_a_log_that_was_taken_away_or_put_back_leaves_its_openings(
    tmp_path: Path,
) -> None:
    path, beside = tmp_path / "a", tmp_path / "a.checkpoint"
    opened(path).close()
    early = path.read_bytes(), beside.read_bytes()
    written_with_openings(path)
    for restored in (early, None):
        path.unlink()
        beside.unlink()
        if restored is not None:
            path.write_bytes(restored[0])
            beside.write_bytes(restored[1])
        before = state_of(tmp_path)
        with pytest.raises(AuditTamperedError, match=r"a\.openings: it opens record "):
            opened(path, keeps_openings=restored is None)
        assert {**state_of(tmp_path), "a": b""} == {**before, "a": b""}


def test_what_is_cut_from_openings_is_kept_beside_them_and_told(
    tmp_path: Path,
) -> None:
    path, openings = tmp_path / "a", tmp_path / "a.openings"
    written_with_openings(path)
    whole = openings.read_bytes()
    left = ONE.line(5) + ONE.line(5)[:9]
    openings.write_bytes(whole + left)
    opened(path)
    opened(path)
    assert openings.read_bytes() == whole
    assert (tmp_path / "a.openings.torn-1").read_bytes() == left
    (told,) = (record for record in records_of(path) if record["kind"] == "recovered")
    assert told["file"] == "a.openings.torn-1"
    assert told["sha256"] == sha256(left).hexdigest()


def test_a_torn_opening_is_removed_and_takes_no_whole_one_with_it(
    tmp_path: Path,
) -> None:
    lines = b"".join([*LINES, MARK])
    for torn in (b'{"seq":6,"fie', b"\0\0\0", b"\0\n"):
        assert kept_of(tmp_path / "a", lines + torn, 9) == lines
    for damaged in (b"\0\0\n", ONE.line(9), b'\0{"seq":1}\n'):
        assert kept_of(tmp_path / "a", damaged + lines + damaged, 9) == damaged + lines


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"3\n", b'{"seq":"1"}\n'])
def test_what_is_no_opening_is_refused(log: Path, line: bytes) -> None:
    path = log.with_name("a.openings")
    path.write_bytes(line + LINES[0])
    with pytest.raises(AuditTamperedError, match="a line is not an opening"):
        opened(log)
    assert path.read_bytes() == line + LINES[0]
