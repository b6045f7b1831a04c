"""The files of a log, which only their owner may read."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit_logs import no_descriptor_left
from file_room import room_for
from privileges import public_folder, unprivileged
from replay.errors import AuditError, AuditFullError, AuditPoisonedError
from replay_plugins.audit_log.log.private_files import (
    LogFiles,
    open_private,
    sync,
    sync_directory,
    write_private,
)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    with umask(0):
        write_private(tmp_path / "new", b"x", is_new=True)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def test_a_descriptor_does_not_reach_other_programs(tmp_path: Path) -> None:
    descriptor = open_private(tmp_path / "new", os.O_WRONLY | os.O_CREAT)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


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
        write_private(path, text)
    with pytest.raises(AuditError, match="file exists"):
        write_private(path, b"new", is_new=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"two")]
    with pytest.raises(AuditError, match="no such file or directory") as caught:
        write_private(tmp_path / "nowhere" / "new", b"x")
    assert caught.value.hint == "make its directory first"


def test_what_may_not_be_opened_is_an_error_that_says_so() -> None:
    with public_folder() as folder:
        (folder / "a").touch(mode=0o000)
        with unprivileged(), pytest.raises(AuditError, match="permission denied"):
            open_private(folder / "a", os.O_RDONLY)


def test_what_cannot_be_synced_is_unknown() -> None:
    reader, writer = os.pipe()
    try:
        with pytest.raises(AuditPoisonedError, match="what is on the disk is unknown"):
            sync(writer, Path("pipe"))
    finally:
        os.close(reader)
        os.close(writer)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    with no_descriptor_left():
        write_private(tmp_path / "a", b"one")
        sync_directory(tmp_path / "a")


def test_too_many_open_files_are_an_error_of_the_log(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(AuditError, match="too many open files"):
            sync_directory(tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_every_file_lies_beside_the_log(tmp_path: Path) -> None:
    files = LogFiles(tmp_path / "a.jsonl")
    others = (files.checkpoint, files.openings, files.salt, files.lock)
    suffixes = ["checkpoint", "openings", "salt", "lock"]
    assert [path.name for path in others] == [f"a.jsonl.{each}" for each in suffixes]
    first = files.next_part()
    first.touch()
    names = (first.name, files.next_part().name)
    assert names == ("a.jsonl.000001", "a.jsonl.000002")


@pytest.mark.parametrize("path", ["", ".", "/", "a/.."])
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    with pytest.raises(IsADirectoryError):
        LogFiles(path)


def test_parts_come_oldest_first_past_their_six_digits(tmp_path: Path) -> None:
    names = ["a.000001", "a.000002", "a.999999", "a.1000000"]
    for name in [*names[::-1], "a.torn-1", "a.1x", "a.²", "b.000001", "a"]:
        (tmp_path / name).touch()
    assert [path.name for path in LogFiles(tmp_path / "a").parts()] == names


def test_the_next_torn_end_follows_the_last_one(tmp_path: Path) -> None:
    files = LogFiles(tmp_path / "a")
    assert files.next_torn().name == "a.torn-1"
    for number in (1, 9, 10):
        (tmp_path / f"a.torn-{number}").touch()
    assert [path.name for path in files.torn()] == ["a.torn-1", "a.torn-9", "a.torn-10"]
    assert files.next_torn().name == "a.torn-11"
