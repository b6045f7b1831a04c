"""Files written whole or not at all, and temporary files."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from file_room import room_for
from forking import exit_code_of, forked
from replay.security.files import (
    may_use_disk,
    memory_only,
    output_file,
    temporary_file,
    whole_file,
)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, data: bytes, **options: object) -> None:
    with whole_file(path, **options) as file:  # type: ignore[arg-type]  # as given
        file.write(data)


def test_of_writers_at_once_one_is_the_last_and_none_is_torn(tmp_path: Path) -> None:
    texts = [character * 100_000 for character in (b"a", b"b", b"c")]

    def write_often(text: bytes) -> None:
        for _ in range(20):
            write(tmp_path / "a", text)

    children = [forked(lambda text=text: write_often(text)) for text in texts]  # type: ignore[misc]  # it is bytes
    write_often(texts[0])
    assert [*map(exit_code_of, children)] == [0, 0, 0]
    assert (tmp_path / "a").read_bytes() in texts
    assert names_in(tmp_path) == ["a"]


def test_a_named_draft_replaces_what_a_killed_writer_left(tmp_path: Path) -> None:
    (tmp_path / "draft").write_text("half")
    write(tmp_path / "a", b"new", draft=tmp_path / "draft")
    assert (tmp_path / "a").read_text() == "new"
    assert names_in(tmp_path) == ["a"]


def test_a_new_file_takes_no_name_that_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "a", b"old", is_new=True)
    with pytest.raises(FileExistsError):
        write(tmp_path / "a", b"new", is_new=True)
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("data", [b"too long", b"x" * 100_000])
@pytest.mark.parametrize("option", ["mode", "is_new"])
def test_without_room_nothing_is_left_behind(
    tmp_path: Path, data: bytes, option: str
) -> None:
    with room_for(3), pytest.raises(OSError, match="File too large"):
        write(tmp_path / "a", data, **{option: 0o600})
    assert names_in(tmp_path) == []


def named_by_whole_file(path: str) -> None:
    write(Path(path), b"")


def named_by_output_file(path: str) -> None:
    with output_file(path) as write_text:
        write_text("x" * 100_000)


@pytest.mark.parametrize("call", [named_by_whole_file, named_by_output_file])
def test_an_error_names_the_file_and_not_its_draft(
    call: Callable[[str], None], tmp_path: Path
) -> None:
    for path in ("missing/a", "x" * 300):
        with pytest.raises(OSError, match=path) as caught:
            call(str(tmp_path / path))
        assert caught.value.filename == str(tmp_path / path)
    with room_for(3), pytest.raises(OSError, match=r"File too large: '.*/out'"):
        named_by_output_file(str(tmp_path / "out"))
    assert names_in(tmp_path) == []


def test_temporary_files_may_be_used_unless_any_thread_asks_for_memory_only() -> None:
    seen: list[bool] = []
    assert may_use_disk()
    with memory_only():
        with memory_only():
            assert not may_use_disk()
        assert not may_use_disk()
        thread = threading.Thread(target=lambda: seen.append(may_use_disk()))
        thread.start()
        thread.join()
    assert seen == [False]
    assert may_use_disk()


def test_a_temporary_file_is_in_memory_where_it_must_be() -> None:
    with memory_only(), temporary_file() as file:
        file.write(b"secret")
        with pytest.raises(OSError, match="fileno"):
            file.fileno()
    with temporary_file() as file:
        assert os.fstat(file.fileno()).st_nlink == 0
