"""The files below a directory."""

import os
from pathlib import Path

import pytest

from privileges import public_folder, unprivileged
from replay.errors import BackendError
from replay_backends.files.directory_scan import scan
from replay_backends.files.file_access import open_folder


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"], autouse=True)
def _system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Try it on a system with open directories and on one without."""
    if not request.param:
        monkeypatch.setattr("replay_backends.files.file_access.HAS_DESCRIPTORS", False)


def make(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(os.fsencode(path))


def paths(folder: Path, suffix: str = "") -> list[str]:
    with open_folder(folder, "it") as opened:
        return [found.path for found in scan(opened, lambda n: n.endswith(suffix))]


def test_files_are_found_by_their_names_at_any_depth(tmp_path: Path) -> None:
    make(tmp_path, "a.json", "b/c.json", "b/d.json/e.json", "b/f.txt")
    assert paths(tmp_path, ".json") == ["a.json", "b/c.json", "b/d.json/e.json"]


def test_they_come_in_the_order_of_the_bytes_of_their_paths(tmp_path: Path) -> None:
    names = ["a!", "a-b/x", "a/x", "a0", "B", "é", "e\u0301", "\uffff", "\U0001f600"]
    make(tmp_path, *names, "\udcff")
    assert paths(tmp_path) == sorted([*names, "\udcff"], key=os.fsencode)


def test_hidden_files_and_what_editors_leave_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, ".a", ".git/a", "a~", "#a#", "a", "#b")
    assert paths(tmp_path) == ["#b", "a"]


def test_a_link_to_a_directory_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "a/b.json")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / "a" / "up").symlink_to("..")
    assert paths(tmp_path, ".json") == ["a/b.json"]


def test_a_directory_that_cannot_be_read_is_named() -> None:
    with public_folder() as folder:
        make(folder, "a/b")
        (folder / "a").chmod(0o300)
        with unprivileged(), pytest.raises(BackendError, match="it/a: permission"):
            paths(folder)


def test_directories_without_end_are_refused(tmp_path: Path) -> None:
    make(tmp_path, "d/" * 120 + "a")
    with pytest.raises(BackendError, match="deeper than 100 directories"):
        paths(tmp_path)
