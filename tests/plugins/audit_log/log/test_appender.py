"""A file that grows by whole lines, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from audit_logs import no_descriptor_left
from file_room import room_for
from forking import exit_code_of, forked
from replay.errors import (
    AuditFullError,
    AuditLockedError,
    AuditPoisonedError,
    AuditTamperedError,
)
from replay_plugins.audit_log.log.appender import AppendOnlyFile, Lock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a"


def test_what_is_there_keeps_its_lines_and_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch(mode=0o640)
    path.write_bytes(b"one\n")
    file = AppendOnlyFile(path)
    file.append(b"two\n")
    file.append(b"three\n")
    file.cut(8)
    assert (path.read_bytes(), file.size) == (b"one\ntwo\n", 8)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_part_of_a_line_is_cut_off_and_later_lines_go_on(tmp_path: Path) -> None:
    file = AppendOnlyFile(tmp_path / "a")
    file.append(b"one\n")
    for room in (4, 6):
        with room_for(room), pytest.raises(AuditFullError):
            file.append(b"two\n")
        assert file.path.read_bytes() == b"one\n"
    file.append(b"three\n")
    assert file.path.read_bytes() == b"one\nthree\n"


def replaced(path: Path) -> None:
    other = path.with_name("b")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def linked(path: Path) -> None:
    path.rename(path.with_name("b"))
    path.symlink_to("b")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (Path.unlink, "the file is gone"),
        (lambda path: path.rename(path.with_name("b")), "the file is gone"),
        (lambda path: os.truncate(path, 0), "it has 0 bytes, and was left with 4"),
        (lambda path: path.write_bytes(b"6 long"), "it has 6 bytes, and was left with"),
        (replaced, "another file has taken its place"),
        (linked, "another file has taken its place"),
    ],
)
def test_a_change_by_others_is_noticed_before_anything_is_written(
    tmp_path: Path, change: Callable[[Path], object], found: str
) -> None:
    file = AppendOnlyFile(tmp_path / "a")
    file.append(b"one\n")
    change(file.path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(AuditTamperedError, match=found):
        file.append(b"two\n")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def pipe_in_place_of(file: AppendOnlyFile) -> int:
    """Let a file's descriptor be a pipe's, which is never read; return the reader."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.dup2(writer, file._descriptor, inheritable=False)  # noqa: SLF001 - a broken disk
    os.close(writer)
    return reader


def test_a_write_that_fails_poisons(path: Path) -> None:
    file = AppendOnlyFile(path)
    os.close(pipe_in_place_of(file))
    with pytest.raises(AuditPoisonedError, match="broken pipe; what is on the disk"):
        file.append(b"one\n")


def test_a_part_of_a_line_that_cannot_be_cut_off_poisons(path: Path) -> None:
    file = AppendOnlyFile(path)
    reader = pipe_in_place_of(file)
    with pytest.raises(AuditPoisonedError, match="cannot be removed"):
        file.append(b"x" * 10_000_000)
    os.close(reader)


def test_what_cannot_be_synced_poisons(path: Path) -> None:
    file = AppendOnlyFile(path)
    file.sync()
    reader = pipe_in_place_of(file)
    file.sync()  # nothing was written since
    file.append(b"one\n")
    with pytest.raises(AuditPoisonedError):
        file.sync()
    os.close(reader)


def test_a_forgotten_file_is_closed(path: Path) -> None:
    with no_descriptor_left():
        AppendOnlyFile(path).append(b"one\n")


def other_process_gets(path: Path) -> bool:
    def take() -> None:
        try:
            Lock(path)
        except AuditLockedError:
            os._exit(7)

    code = exit_code_of(forked(take))
    assert code in (0, 7)
    return code == 0


def test_another_process_is_refused_and_let_in_afterwards(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    assert not other_process_gets(tmp_path / "lock")
    lock.close()
    assert other_process_gets(tmp_path / "lock")
    Lock(tmp_path / "lock")  # forgotten
    assert other_process_gets(tmp_path / "lock")


def test_a_second_lock_is_refused_at_once_and_leaves_no_descriptor(
    tmp_path: Path,
) -> None:
    lock = Lock(tmp_path / "lock")
    refused = pytest.raises(AuditLockedError, match="another writer has it open")
    with no_descriptor_left(), refused:
        Lock(tmp_path / "lock")
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
