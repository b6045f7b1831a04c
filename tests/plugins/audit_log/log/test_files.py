"""The files of a log: appended by whole lines, locked, and private to their owner."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from audit_logs import no_descriptor_left
from file_room import room_for
from forking import exit_code_of, forked
from replay.errors import (
    AuditError,
    AuditFullError,
    AuditLockedError,
    AuditPoisonedError,
    AuditTamperedError,
)
from replay_plugins.audit_log.log.appender import AppendOnlyFile, Lock
from replay_plugins.audit_log.log.private_files import (
    LogFiles,
    open_private,
    write_private,
)


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


def test_what_the_disk_holds_is_unknown_after_a_write_or_a_cut_that_failed(
    tmp_path: Path,
) -> None:
    file = AppendOnlyFile(tmp_path / "a")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.dup2(writer, file._descriptor, inheritable=False)  # noqa: SLF001 - a broken disk
    os.close(writer)
    with pytest.raises(AuditPoisonedError, match="a part of a record cannot be remov"):
        file.append(b"x" * 10_000_000)
    os.close(reader)
    with pytest.raises(AuditPoisonedError, match="broken pipe; what is on the disk"):
        file.append(b"one\n")


def test_a_lock_is_one_processs_alone_until_it_lets_it_go_or_forgets_it(
    tmp_path: Path,
) -> None:
    lock = Lock(tmp_path / "lock")
    assert exit_code_of(forked(lock.close)) == 0  # it is not the child's
    refused = pytest.raises(AuditLockedError, match="another writer has it open")
    with no_descriptor_left(), refused:
        Lock(tmp_path / "lock")
    reader, writer = os.pipe()

    def live() -> None:
        os.close(writer)
        os.read(reader, 1)

    child = forked(live)
    lock.close()
    Lock(tmp_path / "lock")  # while a child lives that was forked before
    Lock(tmp_path / "lock").close()
    os.close(writer)
    os.close(reader)
    assert exit_code_of(child) == 0


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path, flags: int) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        AuditError, match=r"pipe: (it isn't a regular file|no such dev)"
    ):
        open_private(tmp_path / "pipe", flags)


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(AuditError, match="too many levels of symbolic links"):
        open_private(tmp_path / "link", os.O_WRONLY | os.O_CREAT)
    assert not (tmp_path / "target").exists()


def test_a_file_without_room_is_not_there_or_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    for room, told in ((3, "no room for all of it"), (0, "file too large")):
        for name in ("old", "new"):
            with room_for(room), pytest.raises(AuditFullError, match=told):
                write_private(tmp_path / name, b"too long", is_new=name == "new")
        assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_a_file_is_replaced_whole_and_a_new_one_replaces_none(tmp_path: Path) -> None:
    path, draft = tmp_path / "a", tmp_path / "a.tmp"
    for text in (b"one", b"two"):
        draft.write_text("half, left behind by a kill")
        with no_descriptor_left():
            write_private(path, text)
    with pytest.raises(AuditError, match="file exists"):
        write_private(path, b"new", is_new=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"two")]
    with pytest.raises(AuditError, match="no such file or directory") as caught:
        write_private(tmp_path / "nowhere" / "new", b"x")
    assert caught.value.hint == "make its directory first"


def test_parts_come_oldest_first_past_their_six_digits(tmp_path: Path) -> None:
    names = ["a.000001", "a.000002", "a.999999", "a.1000000"]
    for name in [*names[::-1], "a.1x", "a.²", "b.000001", "a"]:
        (tmp_path / name).touch()
    files = LogFiles(tmp_path / "a")
    assert [path.name for path in files.parts()] == names
    for number in (1, 9, 10):
        (tmp_path / f"a.torn-{number}").touch()
    assert files.next_torn().name == "a.torn-11"
