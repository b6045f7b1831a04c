"""Several processes and one log; a disk that really is full."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import replay
from audit_logs import kinds_of, opened, records_of
from forking import exit_code_of, forked
from replay import AuditFullError, AuditLockedError, ReplayEngine
from replay_plugins.audit_log import AuditLog

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def write_when_it_is_free(path: Path, pipe: int, actor: str) -> None:
    """Replay a session into a log, having told once that another writer has it."""
    session, refused = replay.load(EXAMPLES / "two_turns.json"), 0
    while True:
        try:
            log = AuditLog(path, actor=actor)
        except AuditLockedError:
            refused += 1
            if refused == 1:
                os.write(pipe, b"x")
            continue
        with ReplayEngine([log]) as engine:
            engine.replay(session)
        return


@pytest.mark.slow
def test_four_processes_are_refused_or_write_every_record(tmp_path: Path) -> None:
    path, actors = tmp_path / "a", [f"process {number}" for number in range(4)]
    mine = opened(path)
    reader, writer = os.pipe()
    children = [
        forked(partial(write_when_it_is_free, path, writer, actor)) for actor in actors
    ]
    told = b""
    while len(told) < len(children):
        told += os.read(reader, 4)
    mine.append("stop", {})
    mine.close()
    codes = [exit_code_of(child) for child in children]
    os.close(reader)
    os.close(writer)
    assert codes == [0] * 4
    records = [r for r in records_of(path) if r["actor"] != "tester"]
    whole = len(records) // 4
    for number in range(4):
        of_one = records[number * whole : (number + 1) * whole]
        assert len({record["actor"] for record in of_one}) == 1
        assert [of_one[n]["kind"] for n in (0, 1, -1)] == [
            "log_opened",
            "session_start",
            "checkpoint",
        ]
    assert {record["actor"] for record in records} == set(actors)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    done = subprocess.run(mount, check=False, capture_output=True, encoding="utf-8")  # noqa: S603 - our own
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607 - our own


def test_on_a_full_disk_no_record_is_lost_and_with_room_the_log_goes_on(
    small_disk: Path,
) -> None:
    path = small_disk / "a"
    session = replay.load(EXAMPLES / "two_turns.json")
    (small_disk / "other").write_bytes(b"x" * 20_000)
    engine = ReplayEngine([AuditLog(path, content="full", sync="session")])
    whole = 0
    with pytest.raises(AuditFullError, match=r"no space left|no room for all"):  # noqa: PT012 - until it is full
        while True:
            engine.replay(session)
            whole += 1
    kinds = kinds_of(path)
    assert whole <= kinds.count("session_end") <= whole + 1
    (small_disk / "other").unlink()
    engine.replay(session)
    assert kinds_of(path)[: len(kinds)] == kinds
    assert kinds_of(path)[-2:] == ["session_end", "checkpoint"]
