"""The files below a directory."""

import os
from pathlib import Path

import pytest

from odd_files import ODD_FILES
from privileges import public_folder, unprivileged
from replay.errors import BackendError
from replay_backends.files.directory_scan import is_safe, open_path, scan
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


def test_a_file_that_a_recording_goes_on_with_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a.jsonl", "a.jsonl.part", "b.jsonl", "c.jsonl.part")
    assert paths(tmp_path) == ["a.jsonl.part", "b.jsonl", "c.jsonl.part"]
    assert paths(tmp_path, ".jsonl") == ["a.jsonl", "b.jsonl"]


def test_hidden_files_and_what_editors_leave_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, ".a", ".git/a", "a~", "#a#", "a", "#b")
    assert paths(tmp_path) == ["#b", "a"]


def test_a_link_to_a_directory_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "a/b.json")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / "a" / "up").symlink_to("..")
    assert paths(tmp_path, ".json") == ["a/b.json"]


def test_what_is_no_file_is_found_but_not_opened(tmp_path: Path) -> None:
    for kind, make_odd in ODD_FILES.items():
        make_odd(tmp_path / "c.json")
        assert paths(tmp_path) == ["c.json"]
        with (
            open_folder(tmp_path, "it") as folder,
            pytest.raises(BackendError, match=f"it/c.json: {kind}, not a file"),
        ):
            open_path(folder, "c.json")
        (tmp_path / "c.json").unlink()


def test_a_file_that_has_gone_meanwhile_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a")
    with open_folder(tmp_path, "it") as folder:
        (found,) = scan(folder, lambda _: True)
        (tmp_path / "a").unlink()
        with pytest.raises(BackendError, match="it/a: no such file"):
            found.stat()


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


def test_a_file_is_opened_by_the_path_that_it_was_found_at(tmp_path: Path) -> None:
    make(tmp_path, "a/b/c", "d")
    with open_folder(tmp_path, "it") as folder:
        for path in ("a/b/c", "d"):
            with open_path(folder, path) as file:
                assert file.read() == path.encode()


def test_no_link_on_the_way_to_a_file_is_followed(tmp_path: Path) -> None:
    make(tmp_path, "a/b")
    (tmp_path / "c").symlink_to("a")
    with (
        open_folder(tmp_path, "it") as folder,
        pytest.raises(BackendError, match="it/c: a symbolic link"),
    ):
        open_path(folder, "c/b")


def test_only_a_path_that_a_scan_could_give_is_safe() -> None:
    def is_safe_json(path: str) -> bool:
        return is_safe(path, lambda name: name.endswith(".json"))

    for path in ("a.json", "b/a.json", "ü/a b.json"):
        assert is_safe_json(path)
    for path in (
        *("/etc/a.json", "../a.json", "a/../b.json", "a//b.json", "a/./b.json"),
        *("a.txt", "a.json/", "", ".git/a.json", "a~/a.json"),
        *("..\\a.json", "C:a.json", "a/b\\..\\..\\..\\a.json"),
    ):
        assert not is_safe_json(path)
