"""Files that are written whole, or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from forking import exit_code_of, forked
from replay_plugins.report_output import write_whole


def broken_off() -> Iterator[str]:
    yield "new"
    raise InterruptedError


def test_it_holds_all_pieces(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", iter(["1\n", "é\n"]))
    assert (tmp_path / "a").read_bytes() == "1\né\n".encode()


def test_until_all_is_written_it_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(InterruptedError):
        write_whole(tmp_path / "a", broken_off())
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208 - all names


def test_of_writers_at_once_one_is_the_last_and_none_is_torn(tmp_path: Path) -> None:
    texts = [character * 100_000 for character in "abc"]

    def write(text: str) -> None:
        for _ in range(20):
            write_whole(tmp_path / "a", [text])

    children = [forked(lambda text=text: write(text)) for text in texts]  # type: ignore[misc]  # it is a str
    write(texts[0])
    assert [*map(exit_code_of, children)] == [0, 0, 0]
    assert (tmp_path / "a").read_text() in texts
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208 - all names
