"""Files that are written whole or not at all."""

import os
from pathlib import Path

import pytest

from privileges import public_folder, unprivileged
from replay.errors import BackendError
from replay_backends.files.file_access import open_folder
from replay_backends.files.recorder import replaced


def write(folder: Path, name: str, data: bytes, mode: int = 0o666) -> None:
    with open_folder(folder, "it") as opened, replaced(opened, name, mode) as file:
        file.write(data)


def test_a_file_is_there_at_the_end(tmp_path: Path) -> None:
    write(tmp_path, "a", b"abc")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"abc"
    }


def test_until_the_end_the_old_file_is_there(tmp_path: Path) -> None:
    write(tmp_path, "a", b"old")
    with open_folder(tmp_path, "it") as folder, replaced(folder, "a", 0o666) as file:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "a").read_bytes() == b"old"
        assert all(
            each.name == "a" or each.name[0] == "." for each in tmp_path.iterdir()
        )
    assert (tmp_path / "a").read_bytes() == b"new"


def fail(folder: Path, name: str) -> None:
    with open_folder(folder, "it") as opened, replaced(opened, name, 0o666) as file:
        file.write(b"new")
        raise KeyboardInterrupt


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "a", b"old")
    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path, "a")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_hidden_file_of_another_writer_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.urandom", bytes)
    other = tmp_path / ".chat-replay-0000000000000000.tmp"
    other.write_bytes(b"other")
    with pytest.raises(BackendError, match="it/a: file exists"):
        write(tmp_path, "a", b"abc")
    assert other.read_bytes() == b"other"


def test_the_umask_counts(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path, "a", b"abc")
        write(tmp_path, "b", b"abc", 0o600)
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "b")]
    assert modes == [0o640, 0o600]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "goal").write_bytes(b"goal")
    (tmp_path / "a").symlink_to("goal")
    write(tmp_path, "a", b"abc")
    assert (tmp_path / "goal").read_bytes() == b"goal"
    assert not (tmp_path / "a").is_symlink()


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(BackendError, match="it/a: is a directory"):
        write(tmp_path, "a", b"abc")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_directory_that_cannot_be_written_to_is_named() -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        with unprivileged(), pytest.raises(BackendError) as caught:
            write(folder, "a", b"abc")
    assert str(caught.value) == "it/a: permission denied"


def test_it_works_where_the_system_knows_no_open_directories(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("replay_backends.files.file_access.HAS_DESCRIPTORS", False)
    write(tmp_path, "a", b"abc")
    assert (tmp_path / "a").read_bytes() == b"abc"
