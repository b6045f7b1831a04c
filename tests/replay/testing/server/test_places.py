"""Where a source's sessions are on disk."""

from pathlib import Path

import pytest

from replay.testing.server.timing import folder_of


@pytest.mark.parametrize("prefix", ["", "fixture_directory:"])
def test_a_directory_is_its_own_folder(tmp_path: Path, prefix: str) -> None:
    assert folder_of(f"{prefix}{tmp_path}") == tmp_path


@pytest.mark.parametrize("prefix", ["", "json_file:"])
def test_a_file_is_in_its_folder(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "a.json"
    path.touch()
    assert folder_of(f"{prefix}{path}") == tmp_path


@pytest.mark.parametrize("location", ["-", "", "https://api.example", "a\0b", "x:"])
def test_what_is_no_path_has_no_folder(location: str) -> None:
    assert folder_of(location) is None
