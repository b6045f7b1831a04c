"""One writer at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forking import exit_code_of, forked
from replay.errors import AuditLockedError
from replay_plugins.audit_log.log.appender import Lock

TRY = """
import sys
from pathlib import Path
from replay.errors import AuditLockedError
from replay_plugins.audit_log.log.appender import Lock
try:
    Lock(Path(sys.argv[1]))
except AuditLockedError:
    sys.exit(7)
"""


def other_process_gets(path: Path) -> bool:
    command = [sys.executable, "-c", TRY, str(path)]
    code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own
    assert code in (0, 7)
    return code == 0


def test_a_second_lock_is_refused_at_once(tmp_path: Path) -> None:
    first = Lock(tmp_path / "lock")
    with pytest.raises(AuditLockedError, match="another writer has it open"):
        Lock(tmp_path / "lock")
    first.close()


def test_another_process_is_refused_and_let_in_afterwards(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    assert not other_process_gets(tmp_path / "lock")
    lock.close()
    assert other_process_gets(tmp_path / "lock")


def test_a_forgotten_lock_is_let_go(tmp_path: Path) -> None:
    Lock(tmp_path / "lock")
    assert other_process_gets(tmp_path / "lock")


def test_a_refused_lock_leaves_no_descriptor(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, not files
    with pytest.raises(AuditLockedError):
        Lock(tmp_path / "lock")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - a count
    lock.close()


def test_a_forked_child_does_not_hold_it_and_cannot_let_it_go(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")

    def use() -> None:
        with pytest.raises(AuditLockedError):
            lock.check()
        lock.close()

    assert exit_code_of(forked(use)) == 0
    lock.check()
    assert not other_process_gets(tmp_path / "lock")
    lock.close()


def test_it_is_let_go_while_a_forked_child_lives(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    reader, writer = os.pipe()

    def live() -> None:
        os.close(writer)
        os.read(reader, 1)

    child = forked(live)
    lock.close()
    assert other_process_gets(tmp_path / "lock")
    os.close(writer)
    os.close(reader)
    assert exit_code_of(child) == 0
