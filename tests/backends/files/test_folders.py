"""Directories that are held open while they are used."""

from pathlib import Path

import pytest

from replay.errors import BackendError
from replay_backends.files.file_access import open_folder


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"], autouse=True)
def _system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Try it on a system with open directories and on one without."""
    if not request.param:
        monkeypatch.setattr("replay_backends.files.file_access.HAS_DESCRIPTORS", False)


def test_a_file_is_opened_in_a_directory_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"abc")
    with (
        open_folder(tmp_path, "it") as folder,
        folder.enter("a") as below,
        below.open("b") as file,
    ):
        assert file.read() == b"abc"


def test_a_directory_that_is_named_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").touch()
    (tmp_path / "link").symlink_to("a")
    with open_folder(tmp_path / "link", "it") as folder:
        assert folder.has("b")


def test_a_directory_inside_may_be_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(".")
    with (
        open_folder(tmp_path, "it") as folder,
        pytest.raises(BackendError, match="it/link: a symbolic link, not a directory"),
        folder.enter("link"),
    ):
        raise AssertionError  # it is not reached


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with (
        pytest.raises(BackendError, match="a: a file, not a directory"),
        open_folder(tmp_path / "a", "a"),
    ):
        raise AssertionError  # it is not reached


def test_what_bears_a_name_is_there_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    with open_folder(tmp_path, "it") as folder:
        assert folder.has("dangling")
        assert not folder.has("nowhere")


def test_a_directory_that_nobody_may_write_in_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o555)
    with open_folder(tmp_path, "it") as folder, folder.enter("a") as below:
        assert not folder.is_read_only()
        assert below.is_read_only()


def test_messages_name_a_file_as_the_user_would(tmp_path: Path) -> None:
    for source in ("it", "it/"):
        with open_folder(tmp_path, source) as folder:
            assert folder.source_of("a/b") == "it/a/b"
    with open_folder(tmp_path, "/") as folder:
        assert folder.source_of("a") == "/a"


def test_a_directory_is_the_same_when_another_takes_its_name(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "a").touch()
    with open_folder(old, "it") as folder:
        if folder.descriptor is None:
            pytest.skip("this system cannot do that")
        old.rename(tmp_path / "elsewhere")
        old.mkdir()
        assert folder.has("a")
