"""Checkpoints: a batch's results, kept in a file as it runs."""

import os
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_values import (
    KEY,
    done,
    found,
    place_of,
    problem,
    task,
    task_digests,
    task_result,
)
from file_room import room_for
from json_values import exact
from privileges import public_folder, unprivileged
from replay.batch.checkpoint import BatchReport, Checkpoint, element
from replay.batch.tasks import Place, Problem, RepeatedSession
from replay.engine.report import BatchResult
from replay.errors import CheckpointError
from replay.model.json_text import write_decoded, write_json

Opening = Callable[..., Checkpoint]
Making = Callable[..., Path]


def values_of(checkpoint: Checkpoint) -> list[object]:
    return [result.value for result in checkpoint.results(0)]


def missing(checkpoint: Checkpoint, *numbers: int) -> list[Place]:
    return checkpoint.place_known(task_digests(*map(found, numbers)))


def test_what_was_kept_comes_in_order_of_place(checkpoint: Checkpoint) -> None:
    assert not checkpoint.has_results
    late, early = problem(300), problem(5, "crashed", is_quarantined=True)
    checkpoint.save(task_result(done(205), late, done(7)))
    checkpoint.save(task_result(early, done(31)))
    assert values_of(checkpoint) == [7, 31, 205]
    assert list(checkpoint.problems()) == [early, late]


def test_what_is_stored_is_known_to_the_next_run_wherever_it_is(
    opening: Opening,
) -> None:
    first = opening()
    first.save(task(0, 3))
    assert missing(first, 0) == [place_of(0)], "not in the same run"
    checkpoint = opening()
    assert checkpoint.has_results
    moved = attrs.evolve(found(1), place=(9, 9))
    renamed = attrs.evolve(found(2), name="other", place=(9, 10))
    changed = attrs.evolve(found(2), digest=bytes(16), place=(9, 11))
    stored = task_digests(found(0), moved, renamed, changed, found(5), problem(3))
    assert checkpoint.place_known(stored) == [(9, 10), (9, 11), place_of(5)]
    assert values_of(checkpoint) == [0, 1], "2 is gone"
    assert list(checkpoint.problems()) == [problem(3)]


def test_other_plugins_know_nothing_and_forget_nothing(opening: Opening) -> None:
    opening().save(task(0, 3))
    other = opening(plugins_key=b"other")
    assert not other.has_results
    assert missing(other, 0, 1) == [place_of(0), place_of(1)]
    assert missing(opening(), 0, 1, 2) == []


def test_what_plugins_failed_in_counts_now_and_is_done_again(opening: Opening) -> None:
    first = opening()
    first.save(task_result(done(0, errors=("one", "two"))))
    assert not opening().has_results
    first = opening()
    first.save(task_result(done(0, errors=("one", "two")), done(1)))
    assert values_of(first) == [0, 1]
    assert [(p.code, p.reason, p.name) for p in first.problems()] == [
        ("plugin-error", "one", "ses-00000"),
        ("plugin-error", "two", "ses-00000"),
    ]
    checkpoint = opening()
    assert list(checkpoint.problems()) == []
    assert missing(checkpoint, 0, 1) == [place_of(0)]


def test_what_is_kept_last_takes_the_place(checkpoint: Checkpoint) -> None:
    checkpoint.save(task_result(problem(0)))
    checkpoint.save(task_result(done(0)))
    assert (list(checkpoint.problems()), values_of(checkpoint)) == ([], [0])
    checkpoint.save(task_result(done(0, values=b"[1]")))
    assert values_of(checkpoint) == [1]
    checkpoint.save(task_result(problem(0)))
    assert (list(checkpoint.problems()), values_of(checkpoint)) == ([problem(0)], [])


@pytest.mark.parametrize("text", ["\ud83d", "a\0b", "x" * 100_000, "", "é\n"])
def test_any_text_comes_back(checkpoint: Checkpoint, text: str) -> None:
    wrong = Problem((1, 0), text, text, text)
    named = attrs.evolve(done(0, text), found=attrs.evolve(found(0), name=text))
    checkpoint.save(task_result(attrs.evolve(named, session_id=text), wrong))
    (result,) = checkpoint.results(0)
    assert result.session_id == text
    assert list(checkpoint.problems()) == [wrong]


def test_names_and_digests_are_told_apart_wherever_one_ends(opening: Opening) -> None:
    cut = attrs.evolve(found(0), name="bc", digest=b"a")
    opening().save(task_result(attrs.evolve(done(0), found=cut)))
    other = attrs.evolve(found(0), name="c", digest=b"ab")
    assert opening().place_known(task_digests(other)) == [place_of(0)]


# Repeated ids


def test_ids_of_several_places_are_found(checkpoint: Checkpoint) -> None:
    checkpoint.save(task_result(done(1, "a"), done(2, "c")))
    assert list(checkpoint.repeated_sessions()) == []
    checkpoint.save(
        task_result(done(250, "b"), done(3, "b"), done(4, "a"), done(5, "b"))
    )
    places = [(0, 1), (0, 3), (0, 4), (0, 5), (2, 50)]
    befores = [0, 0, 1, 1, 2]
    assert list(checkpoint.repeated_sessions()) == [
        *map(RepeatedSession, places, befores)
    ]


def test_they_can_be_replayed_while_they_are_listed(checkpoint: Checkpoint) -> None:
    checkpoint.save(task_result(*(done(n, f"twin-{n % 50:02}") for n in range(100))))
    for each in checkpoint.repeated_sessions():
        checkpoint.discard([each.place])
        number = each.place[1]
        checkpoint.save(task_result(done(number, f"twin-{number % 50:02}", b"[-1]")))
    assert values_of(checkpoint) == [-1] * 100


def test_what_was_forgotten_has_no_result_and_is_not_known(opening: Opening) -> None:
    first = opening()
    first.save(task_result(done(0, errors=("one",)), done(1), done(2)))
    first.discard([(0, 0), (0, 2)])
    assert (values_of(first), list(first.problems())) == ([1], [])
    second = opening()
    assert missing(second, 1) == []
    second.discard([place_of(1)])
    assert missing(second, 1) == [place_of(1)]
    assert missing(opening(), 1) == [place_of(1)]


def test_what_was_replayed_again_is_of_this_run_only(opening: Opening) -> None:
    first = opening()
    first.save(task_result(done(0, "a"), done(1, "a"), done(2)))
    first.discard([(0, 0), (0, 1)])
    first.save(task_result(done(0, "a"), done(1, "a", b"[-1]")))
    assert values_of(first) == [0, -1, 2]
    assert missing(opening(), 0, 1, 2) == [(0, 0), (0, 1)]


def test_twins_of_one_content_can_differ(opening: Opening) -> None:
    twin = attrs.evolve(found(0), place=(5, 5))
    first = opening()
    first.save(task_result(done(0, "a"), attrs.evolve(done(0, "a"), found=twin)))
    second = opening()
    assert second.place_known(task_digests(found(0), twin)) == []
    assert list(second.repeated_sessions()) == [
        RepeatedSession((0, 0), 0),
        RepeatedSession((5, 5), 1),
    ]
    second.discard([(0, 0), (5, 5)])
    changed = attrs.evolve(done(0, "a", b"[1]"), found=twin)
    second.save(task_result(done(0, "a"), changed))
    assert values_of(second) == [0, 1]


# The file


def test_a_full_disk_loses_only_what_was_not_kept(opening: Opening) -> None:
    checkpoint = opening()
    checkpoint.save(task(0, 100))
    large = task_result(done(100, values=b"[%s]" % (b"1" * 200_000)))
    with (
        room_for(100_000),
        pytest.raises(CheckpointError, match="the disk is full or failing"),
    ):
        checkpoint.save(large)
    assert len(values_of(checkpoint)) == 100
    checkpoint.save(task(100, 200))
    checkpoint.close()
    assert missing(opening(), *range(200)) == []


def test_an_answer_that_cannot_be_kept_is_not_kept_in_part(
    checkpoint: Checkpoint,
) -> None:
    wrong = attrs.evolve(done(1), session_id=None)  # type: ignore[arg-type]  # the point
    with pytest.raises(AttributeError):
        checkpoint.save(task_result(done(0), wrong))
    assert values_of(checkpoint) == []
    checkpoint.save(task(0, 1))
    assert values_of(checkpoint) == [0]


def test_one_that_was_closed_says_so(checkpoint: Checkpoint) -> None:
    checkpoint.close()
    with pytest.raises(CheckpointError, match="closed database"):
        checkpoint.save(task(0, 1))


def test_a_walk_that_was_left_does_not_hold_the_file(opening: Opening) -> None:
    checkpoint = opening()
    checkpoint.save(task(0, 10))
    walks = [
        iter(checkpoint.results(0)),
        checkpoint.repeated_sessions(),
        checkpoint.problems(),
    ]
    next(walks[0])
    checkpoint.close()
    assert missing(opening(), 3) == []


@pytest.mark.slow
def test_walking_and_keeping_take_no_memory_for_each_session(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.save(task(0, 500))
    tracemalloc.start()
    try:
        for start in range(500, 10_000, 500):
            checkpoint.save(task(start, start + 500))
        assert sum(1 for _ in checkpoint.results(0)) == 10_000
        assert sum(1 for _ in checkpoint.repeated_sessions()) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # what a task takes


# Reports


def numbers_of(report: BatchReport) -> tuple[int, ...]:
    return (
        *(report.sessions, report.replayed, report.known),
        *(report.failed, report.quarantined),
    )


def test_counts_add_up(checkpoint: Checkpoint) -> None:
    assert checkpoint.report() == BatchReport(*(0, 0, 0, 0, 0), *(0, 0, 0, 0), 0.0)
    checkpoint.save(task(0, 150))
    all_done = BatchReport(*(150, 150, 0, 0, 0), *(450, 6000, 1350, 150), 0.0)
    assert checkpoint.report() == all_done


def test_each_place_is_counted_once(opening: Opening) -> None:
    opening().save(task(0, 2))
    checkpoint = opening()
    checkpoint.place_known(task_digests(found(0), found(1), found(2), problem(3)))
    checkpoint.save(task_result(done(2), problem(3), problem(4)))
    poison = problem(5, "crashed", is_quarantined=True)
    checkpoint.save(task_result(poison, poison))
    assert numbers_of(checkpoint.report()) == (6, 1, 2, 2, 1)
    assert checkpoint.report().events == 120
    checkpoint.discard([place_of(0)])
    checkpoint.save(task_result(done(1, errors=("one", "two")), problem(0)))
    assert numbers_of(checkpoint.report()) == (6, 2, 0, 3, 1)


# What plugins gave


TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))


@given(st.lists(JSON, min_size=1), st.data())
def test_each_element_comes_back_exactly(
    values: list[object], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(values) - 1))
    for array in write_json(values), write_decoded(values):
        assert exact(element(array, number)) == exact(values[number])


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (b"[0, 123456789012345678901234567890]", 123456789012345678901234567890),
        (rb'[0, "\ud83d"]', "\ud83d"),
        (rb'["\ud83d", 1.0]', 1.0),
        (b"[0, 1e-7]", 1e-7),
        (b'[0, {"events": [{"events": 1}]}]', {"events": [{"events": 1}]}),
    ],
)
def test_what_one_decoder_refuses_comes_right_too(array: bytes, value: object) -> None:
    assert exact(element(array, 1)) == exact(value)


@pytest.mark.parametrize("array", [b"[0]", b"{}", b"1", b"[1", b"[1, {]"])
def test_an_element_that_is_not_there_is_damage(
    checkpoint: Checkpoint, array: bytes
) -> None:
    checkpoint.save(task_result(done(0, values=array)))
    with pytest.raises(CheckpointError, match="it is damaged"):
        list(checkpoint.results(1))


def test_a_result_says_whose_it_is(checkpoint: Checkpoint) -> None:
    checkpoint.save(task_result(done(0, "a", b'[1, {"b": 2}]')))
    key = "28bea3cd0e88b943b4d1b7a4f2fca37c"
    assert list(checkpoint.results(1)) == [BatchResult(key, "a", {"b": 2})]


def test_results_can_be_walked_again_and_in_turns(checkpoint: Checkpoint) -> None:
    checkpoint.save(task(0, 3))
    results = checkpoint.results(0)
    pairs = zip(results, results, strict=True)
    assert [(a.value, b.value) for a, b in pairs] == [(0, 0), (1, 1), (2, 2)]
    assert len(results) == len({result.key for result in results}) == 3


# Taking over


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """Return a function that makes a checkpoint with a task's results."""

    def made(name: str, start: int, stop: int, key: bytes = KEY) -> Path:
        path = tmp_path / name
        with closing(Checkpoint(path, key)) as checkpoint:
            checkpoint.begin()
            checkpoint.save(task(start, stop))
        return path

    return made


def test_results_of_several_machines_are_gathered(
    checkpoint: Checkpoint, making: Making
) -> None:
    assert checkpoint.copy_from(making("a", 0, 150)) == 150
    assert checkpoint.copy_from(making("b", 150, 300)) == 150
    assert checkpoint.place_known(task_digests(*map(found, range(300)))) == []
    assert values_of(checkpoint) == list(range(300))
    assert checkpoint.report().known == 300


def test_what_is_known_is_not_copied_and_the_other_one_is_left_as_it_is(
    checkpoint: Checkpoint, making: Making
) -> None:
    other = making("a", 0, 10)
    before = other.read_bytes()
    assert checkpoint.copy_from(other) == 10
    assert other.read_bytes() == before
    assert [*other.parent.glob("a*")] == [other]
    assert checkpoint.copy_from(other) == 0
    assert checkpoint.copy_from(making("b", 5, 15)) == 5
    assert checkpoint.copy_from(making("c", 20, 30, b"other")) == 0


def test_what_was_taken_over_stays_however_plugins_are_numbered(
    opening: Opening, making: Making, path: Path
) -> None:
    making(path.name, 0, 1, b"other")
    assert opening().copy_from(making("a", 0, 10)) == 10
    checkpoint = opening()
    assert checkpoint.has_results
    assert checkpoint.place_known(task_digests(found(3), found(11))) == [place_of(11)]
    temporary = opening(None)
    assert temporary.copy_from(path.parent / "a") == 10
    assert temporary.place_known(task_digests(found(3))) == []


def test_what_is_not_final_is_not_copied(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with closing(Checkpoint(tmp_path / "a", KEY)) as other:
        other.begin()
        other.save(task_result(done(0, errors=("no",)), done(1, "a"), done(2, "a")))
        other.discard([place_of(1), place_of(2)])
        other.save(task_result(done(1, "a"), done(2, "a"), done(3), problem(4)))
    assert checkpoint.copy_from(tmp_path / "a") == 1


def test_what_a_killed_run_left_is_taken_over(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with closing(Checkpoint(tmp_path / "a", KEY)) as other:
        other.begin()
        other.save(task(0, 10))
        for each in tmp_path.glob("a*"):
            shutil.copy(each, tmp_path / f"copy-of-{each.name}")
    assert (tmp_path / "copy-of-a-wal").exists()
    assert checkpoint.copy_from(tmp_path / "copy-of-a") == 10


def test_one_that_may_only_be_read_is_taken_over() -> None:
    with public_folder() as folder:
        with closing(Checkpoint(folder / "a", KEY)) as other:
            other.begin()
            other.save(task(0, 10))
        (folder / "a").chmod(0o444)
        folder.chmod(0o555)
        with unprivileged(), closing(Checkpoint(None, KEY)) as checkpoint:
            checkpoint.begin()
            assert checkpoint.copy_from(folder / "a") == 10


def test_one_that_a_run_has_open_is_refused(
    checkpoint: Checkpoint, path: Path, tmp_path: Path
) -> None:
    with closing(Checkpoint(tmp_path / "a", KEY)) as other:
        other.begin()
        with pytest.raises(CheckpointError, match="another run has it open"):
            checkpoint.copy_from(tmp_path / "a")
    with pytest.raises(CheckpointError, match="another run has it open"):
        checkpoint.copy_from(path)
    assert checkpoint.copy_from(tmp_path / "a") == 0


def test_what_is_not_a_checkpoint_is_refused_and_not_made(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no database" * 100, encoding="utf-8")
    (tmp_path / "empty").touch()
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE t (x)")
    os.mkfifo(tmp_path / "pipe")
    for name in ("text", "empty", "other", "missing"):
        reason = "cannot be opened" if name == "missing" else "it isn't a checkpoint"
        with pytest.raises(CheckpointError, match=reason) as caught:
            checkpoint.copy_from(tmp_path / name)
        assert caught.value.source == str(tmp_path / name)
    assert not (tmp_path / "missing").exists()


def test_a_damaged_one_is_refused_whole(checkpoint: Checkpoint, making: Making) -> None:
    other = making("a", 0, 500)
    data = other.read_bytes()
    assert data.count(b"[77]") == 1
    other.write_bytes(data.replace(b"[77]", b"[78]"))
    with pytest.raises(CheckpointError, match="it is damaged: result 78"):
        checkpoint.copy_from(other)
    assert checkpoint.place_known(task_digests(found(3))) == [place_of(3)]


def test_where_there_is_no_room_nothing_is_copied(
    checkpoint: Checkpoint, making: Making, path: Path
) -> None:
    other = making("a", 0, 2_000)
    with room_for(50_000), pytest.raises(CheckpointError) as caught:
        checkpoint.copy_from(other)
    assert caught.value.source == f"{other}, copied to {path}"
    assert checkpoint.place_known(task_digests(found(3))) == [place_of(3)]
    assert checkpoint.copy_from(other) == 2_000
