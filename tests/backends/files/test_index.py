"""What is known of a directory's files without reading them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from odd_files import ODD_FILES
from privileges import public_folder, unprivileged
from replay import JobMetadata, SessionSummary
from replay_backends.files import catalogue as module
from replay_backends.files.catalogue import FORMAT, NAME, Index
from replay_backends.files.directory_scan import scan
from replay_backends.files.file_access import open_folder

COUNT = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(COUNT):
        (tmp_path / f"{number:03}.json").write_text(str(number))
    return tmp_path


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Index few files, and believe that every change gets a time of its own."""
    monkeypatch.setattr(module, "FEWEST", COUNT)
    monkeypatch.setattr(module, "TICK_NS", -1_000_000_000)


def summaries(name: str) -> list[SessionSummary]:
    """Return what a file is said to hold."""
    return [SessionSummary(name, generated_title=f"The title of {name}")]


def look(folder: Path) -> list[str]:
    """Look through the files once; return the names of those that were read."""
    read = []
    with open_folder(folder, "it") as opened:
        index = Index.read(opened)
        for found in scan(opened, lambda name: name.endswith(".json")):
            known = index.known(found)
            if known is None:
                read.append(found.path)
                index.remember(found, summaries(found.path))
            else:
                assert known == summaries(found.path)
        index.write(opened)
    return read


def known_ids(folder: Path) -> list[str]:
    with open_folder(folder, "it") as opened:
        return [session_id for session_id, _ in Index.read(opened).paths()]


def test_what_was_read_once_is_known(folder: Path) -> None:
    assert len(look(folder)) == COUNT
    assert look(folder) == []


def test_a_few_files_need_no_index(folder: Path) -> None:
    (folder / "000.json").unlink()
    look(folder)
    assert not (folder / NAME).exists()


def test_a_directory_that_is_marked_read_only_gets_no_index(folder: Path) -> None:
    folder.chmod(0o555)
    look(folder)
    assert not (folder / NAME).exists()


def test_a_new_file_is_read(folder: Path) -> None:
    look(folder)
    (folder / "new.json").touch()
    assert look(folder) == ["new.json"]
    assert look(folder) == []


def rewrite(path: Path) -> None:
    path.write_text("a longer text than before")


def replace(path: Path) -> None:
    """Put another file of the same size and time there."""
    before = path.stat()
    other = path.with_name("other")
    other.write_text(path.read_text()[::-1])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [rewrite, replace, touch])
def test_a_file_that_has_changed_is_read_anew(folder: Path, change: object) -> None:
    look(folder)
    assert callable(change)
    change(folder / "042.json")
    assert look(folder) == ["042.json"]
    assert look(folder) == []


def test_a_file_that_has_gone_is_forgotten(folder: Path) -> None:
    (folder / "more.json").touch()
    look(folder)
    (folder / "000.json").unlink()
    look(folder)
    assert "000.json" not in known_ids(folder)


def test_where_nothing_has_changed_nothing_is_written(folder: Path) -> None:
    look(folder)
    before = (folder / NAME).stat()
    look(folder)
    assert (folder / NAME).stat() == before


def test_what_changed_just_before_it_was_read_is_not_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK_NS", 2_000_000_000)
    old = folder / "000.json"
    look(folder)
    assert known_ids(folder) == []
    for path in folder.glob("*.json"):
        touch(path)  # to a time long past, but just now
    look(folder)
    assert known_ids(folder) == []
    monkeypatch.setattr(module, "TICK_NS", -1_000_000_000)
    os.utime(old, ns=(10**19, 9 * 10**18))  # a time to come
    look(folder)
    assert "000.json" not in known_ids(folder)
    assert look(folder) == ["000.json"]


def test_the_headers_are_kept_whole(folder: Path) -> None:
    summary = SessionSummary(
        "\ud800é",
        index_ids=("a", "b"),
        job_metadata=JobMetadata(total_input_tokens=7, duration_ms=1.5),
        recorded={"session_id": "\ud800é", "events": None, "more": [1, None]},
    )
    with open_folder(folder, "it") as opened:
        index = Index.read(opened)
        for found in scan(opened, lambda name: name.endswith(".json")):
            index.known(found)
            index.remember(found, [summary, summary])
        index.write(opened)
        again = Index.read(opened)
        found = next(scan(opened, lambda name: name.endswith(".json")))
        known = again.known(found)
    assert known == [summary, summary]
    assert known[0].as_object() == summary.as_object()


def test_ids_are_known_with_their_files_in_order(folder: Path) -> None:
    look(folder)
    assert known_ids(folder) == [f"{number:03}.json" for number in range(COUNT)]


def test_the_index_is_its_owner_s(folder: Path) -> None:
    look(folder)
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600


def entries(folder: Path) -> Iterator[str]:
    """Yield indexes that are none, or are wrong about the first file."""
    right = json.loads((folder / NAME).read_text())
    yield ""
    yield "{"
    yield "[" * 100_000
    yield "9" * 5000
    yield "[]"
    yield json.dumps({**right, "format": "another-1"})
    yield json.dumps({**right, "files": []})
    (*stamp, _) = right["files"]["000.json"]
    for entry in (
        *(None, [], stamp, [*stamp, []], [*stamp, None], [*stamp, [None]]),
        *([*stamp, [{}]], [*stamp, [{"session_id": 7}]], [*stamp, [{}], 0]),
        [*stamp, [{"session_id": "a", "generated_title": 7}]],
        [*stamp[:3], "x", [{"session_id": "a"}]],
    ):
        yield json.dumps({**right, "files": {**right["files"], "000.json": entry}})


def test_an_index_that_is_none_is_made_anew(folder: Path) -> None:
    look(folder)
    right = (folder / NAME).read_bytes()
    for wrong in entries(folder):
        (folder / NAME).write_text(wrong)
        assert "000.json" in look(folder)
        assert (folder / NAME).read_bytes() == right


def test_an_index_that_is_not_utf_8_is_made_anew(folder: Path) -> None:
    (folder / NAME).write_bytes(b"\xff")
    assert len(look(folder)) == COUNT
    assert look(folder) == []


@pytest.mark.parametrize("make", ODD_FILES.values())
def test_an_index_that_is_no_file_is_not_opened(folder: Path, make: object) -> None:
    assert callable(make)
    make(folder / NAME)
    assert len(look(folder)) == COUNT
    assert look(folder) == []


def test_a_directory_that_cannot_be_written_to_goes_without() -> None:
    with public_folder() as folder:
        for number in range(COUNT):
            (folder / f"{number}.json").touch()
        folder.chmod(0o555)
        with unprivileged():
            assert len(look(folder)) == len(look(folder)) == COUNT


def test_the_format_is_named(folder: Path) -> None:
    look(folder)
    assert json.loads((folder / NAME).read_text())["format"] == FORMAT
