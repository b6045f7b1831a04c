"""The keys of portions of files."""

import pickle
from pathlib import Path

import pytest

from replay import Portion
from replay.errors import BackendError
from replay_backends.files.file_portions import FileKey, file_key
from replay_backends.files.lines import LineRange

SPAN = LineRange(2, 7, 3, 1)


@pytest.mark.parametrize(
    "key",
    [FileKey("a.json", 9, -5), FileKey("b/\udcff.jsonl", 9, 5, SPAN)],
)
def test_a_key_is_found_again_in_its_portion(key: FileKey) -> None:
    sent = pickle.loads(pickle.dumps(key.portion()))  # noqa: S301 - our own
    assert file_key(sent, "the-file") == key


def test_a_whole_file_is_as_large_as_it_was_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"123")
    status = path.stat()
    key = ("a.json", 3, status.st_mtime_ns)
    assert FileKey.of("a.json", status).portion() == Portion(key, 3, 1)


def test_some_lines_are_as_large_as_they_are() -> None:
    key = FileKey("a.jsonl", 9, 5, SPAN)
    assert key.portion(2) == Portion(("a.jsonl", 9, 5, 2, 7, 3, 1), 5, 2)


@pytest.mark.parametrize(
    "key",
    [
        (),
        ("a.json",),
        ("a.json", 9),
        (7, 9, 5),
        ("a.json", "9", 5),
        ("a.json", 9, "now"),
        ("a.json", 9, 5, 2),
        ("a.json", 9, 5, -1, 7, 3, 1),
        ("a.json", 9, 5, 7, 2, 3, 1),
        ("a.json", 9, 5, 2, 10, 3, 1),
        ("a.json", 9, 5, 2, 10**30, 3, 1),
        ("a.json", 9, 5, 2, 7, 1, 3),
        ("a.json", 9, 5, 2, 7, 3, -1),
        ("a.json", 9, 5, 2, 7, "3", 1),
        ("a.json", 9, 5, 2, 7, 3, 1, 0),
    ],
)
def test_a_key_that_no_file_has_is_refused(key: tuple[str | int, ...]) -> None:
    with pytest.raises(BackendError, match=r"the-file: it has no portion \("):
        file_key(Portion(key, 1), "the-file")
