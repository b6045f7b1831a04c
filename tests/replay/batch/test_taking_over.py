"""Results of another checkpoint, copied into this one."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from batch_values import KEY, digested, done, found, place_of, problem, task, worked
from file_room import room_for
from privileges import public_folder, unprivileged
from replay.batch.checkpoint import Checkpoint
from replay.errors import CheckpointError

Making = Callable[..., Path]


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """Return what makes a checkpoint in which a task was kept."""

    def made(name: str, start: int, stop: int, key: bytes = KEY) -> Path:
        path = tmp_path / name
        with closing(Checkpoint(path, key)) as checkpoint:
            checkpoint.begin()
            checkpoint.keep(task(start, stop))
        return path

    return made


def values_of(checkpoint: Checkpoint) -> Iterator[object]:
    return (result.value for result in checkpoint.results(0))


def test_results_of_several_machines_are_gathered(
    checkpoint: Checkpoint, making: Making
) -> None:
    assert checkpoint.take_over(making("a", 0, 150)) == 150
    assert checkpoint.take_over(making("b", 150, 300)) == 150
    assert checkpoint.place_known(digested(*map(found, range(300)))) == []
    assert list(values_of(checkpoint)) == list(range(300))
    assert checkpoint.totals().known == 300


def test_what_is_known_is_not_copied(checkpoint: Checkpoint, making: Making) -> None:
    other = making("a", 0, 10)
    assert checkpoint.take_over(other) == 10
    assert checkpoint.take_over(other) == 0
    assert checkpoint.take_over(making("b", 5, 15)) == 5


def test_what_was_taken_over_stays(
    opening: Callable[..., Checkpoint], making: Making
) -> None:
    opening().take_over(making("a", 0, 10))
    checkpoint = opening()
    assert checkpoint.has_results
    assert checkpoint.place_known(digested(found(3), found(11))) == [place_of(11)]


def test_results_of_other_plugins_are_not_copied(
    checkpoint: Checkpoint, making: Making
) -> None:
    assert checkpoint.take_over(making("a", 0, 10, b"other")) == 0


def test_plugins_may_be_numbered_otherwise_there(
    opening: Callable[..., Checkpoint], making: Making, path: Path
) -> None:
    making(path.name, 0, 1, b"other")
    checkpoint = opening()
    assert checkpoint.take_over(making("a", 0, 10)) == 10
    checkpoint = opening()
    assert checkpoint.place_known(digested(found(3))) == []


def test_what_is_not_final_is_not_copied(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with closing(Checkpoint(tmp_path / "a", KEY)) as other:
        other.begin()
        other.keep(worked(done(0, errors=("no",)), done(1, "a"), done(2, "a")))
        other.forget([place_of(1), place_of(2)])
        other.keep(worked(done(1, "a"), done(2, "a"), done(3), problem(4)))
    assert checkpoint.take_over(tmp_path / "a") == 1


def test_a_temporary_checkpoint_takes_over_too(
    opening: Callable[..., Checkpoint], making: Making
) -> None:
    checkpoint = opening(None)
    assert checkpoint.take_over(making("a", 0, 10)) == 10
    assert checkpoint.place_known(digested(found(3))) == []


def test_the_other_one_is_left_as_it_is(checkpoint: Checkpoint, making: Making) -> None:
    other = making("a", 0, 10)
    before = other.read_bytes()
    checkpoint.take_over(other)
    assert other.read_bytes() == before
    assert [*other.parent.glob("a*")] == [other]


def test_what_a_killed_run_left_is_taken_over(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with closing(Checkpoint(tmp_path / "a", KEY)) as other:
        other.begin()
        other.keep(task(0, 10))
        for each in tmp_path.glob("a*"):
            shutil.copy(each, tmp_path / f"copy-of-{each.name}")
    assert (tmp_path / "copy-of-a-wal").exists()
    assert checkpoint.take_over(tmp_path / "copy-of-a") == 10


def test_one_that_may_only_be_read_is_taken_over() -> None:
    with public_folder() as folder:
        with closing(Checkpoint(folder / "a", KEY)) as other:
            other.begin()
            other.keep(task(0, 10))
        (folder / "a").chmod(0o444)
        folder.chmod(0o555)
        with unprivileged(), closing(Checkpoint(None, KEY)) as checkpoint:
            checkpoint.begin()
            assert checkpoint.take_over(folder / "a") == 10


@pytest.mark.parametrize("name", ["a b", "a?b", "a#b", "a%41", "a\udcff", "é", "a&b=c"])
def test_the_other_one_may_have_any_name(
    checkpoint: Checkpoint, making: Making, name: str
) -> None:
    assert checkpoint.take_over(making(name, 0, 10)) == 10


def test_one_that_a_run_has_open_is_refused(
    checkpoint: Checkpoint, path: Path, tmp_path: Path
) -> None:
    with closing(Checkpoint(tmp_path / "a", KEY)) as other:
        other.begin()
        with pytest.raises(CheckpointError, match="another run has it open"):
            checkpoint.take_over(tmp_path / "a")
    with pytest.raises(CheckpointError, match="another run has it open"):
        checkpoint.take_over(path)
    assert checkpoint.take_over(tmp_path / "a") == 0


def test_one_that_is_missing_is_refused_and_not_made(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="cannot be opened") as caught:
        checkpoint.take_over(tmp_path / "missing")
    assert caught.value.source == str(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_what_is_no_checkpoint_is_refused(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no database" * 100, encoding="utf-8")
    (tmp_path / "empty").touch()
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE t (x)")
    os.mkfifo(tmp_path / "pipe")
    for name in ("text", "empty", "other"):
        with pytest.raises(CheckpointError, match="it is no checkpoint"):
            checkpoint.take_over(tmp_path / name)


def test_a_damaged_one_is_refused_whole(checkpoint: Checkpoint, making: Making) -> None:
    other = making("a", 0, 500)
    data = other.read_bytes()
    assert data.count(b"[77]") == 1
    other.write_bytes(data.replace(b"[77]", b"[78]"))
    with pytest.raises(CheckpointError, match="it is damaged: result 78"):
        checkpoint.take_over(other)
    assert checkpoint.place_known(digested(found(3))) == [place_of(3)]


def test_where_there_is_no_room_nothing_is_copied(
    checkpoint: Checkpoint, making: Making, path: Path
) -> None:
    other = making("a", 0, 2_000)
    with room_for(50_000), pytest.raises(CheckpointError) as caught:
        checkpoint.take_over(other)
    assert caught.value.source == f"{other}, copied to {path}"
    assert checkpoint.place_known(digested(found(3))) == [place_of(3)]
    assert checkpoint.take_over(other) == 2_000
