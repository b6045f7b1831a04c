"""Which files make up a log."""

from pathlib import Path

import pytest

from replay_plugins.audit_log.log.private_files import LogFiles


def test_every_file_lies_beside_the_log(tmp_path: Path) -> None:
    files = LogFiles(tmp_path / "a.jsonl")
    others = (files.checkpoint, files.openings, files.salt, files.lock)
    assert [path.name for path in others] == [
        "a.jsonl.checkpoint",
        "a.jsonl.openings",
        "a.jsonl.salt",
        "a.jsonl.lock",
    ]


@pytest.mark.parametrize("path", ["", ".", "/", "a/.."])
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    with pytest.raises(IsADirectoryError):
        LogFiles(path)


def test_parts_come_oldest_first_past_their_six_digits(tmp_path: Path) -> None:
    names = ["a.000002", "a.1000000", "a.000001", "a.999999"]
    for name in [*names, "a.torn-1", "a.1x", "a.²", "b.000001", "a"]:
        (tmp_path / name).touch()
    assert [path.name for path in LogFiles(tmp_path / "a").parts()] == [
        "a.000001",
        "a.000002",
        "a.999999",
        "a.1000000",
    ]


def test_the_next_part_follows_the_last_one(tmp_path: Path) -> None:
    files = LogFiles(tmp_path / "a")
    first = files.next_part()
    first.touch()
    assert (first.name, files.next_part().name) == ("a.000001", "a.000002")


def test_the_next_torn_end_follows_the_last_one(tmp_path: Path) -> None:
    files = LogFiles(tmp_path / "a")
    for number in (1, 9, 10):
        (tmp_path / f"a.torn-{number}").touch()
    assert [path.name for path in files.torn()] == ["a.torn-1", "a.torn-9", "a.torn-10"]
    assert files.next_torn().name == "a.torn-11"


def test_the_first_torn_end_has_number_one(tmp_path: Path) -> None:
    assert LogFiles(tmp_path / "a").next_torn().name == "a.torn-1"
