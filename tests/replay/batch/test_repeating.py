"""Sessions that share an id, replayed once more."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batches import document, job_of, lines_of, whole_task
from replay import BackendError
from replay import open as open_source
from replay.batch.checkpoint import Checkpoint
from replay.batch.leader import Listing, of_repeated
from replay.batch.tasks import Job, Place, Task
from replay.batch.worker import work


@pytest.fixture
def checkpoint() -> Iterator[Checkpoint]:
    checkpoint = Checkpoint(None, b"plugins")
    yield checkpoint
    checkpoint.close()


def _replayed(folder: Path, ids: str, checkpoint: Checkpoint) -> Job:
    """Replay a file for each id by itself, and keep what they came to."""
    for number, session_id in enumerate(ids):
        path = folder / f"{number:02}.json"
        path.write_text(json.dumps(document(session_id, f"{number}")))
    task = whole_task(job_of(folder))
    checkpoint.begin()
    checkpoint.keep(work(task))
    return task.job


def _tasks(job: Job, checkpoint: Checkpoint) -> list[Task]:
    with open_source(job.location) as source:
        return [*of_repeated(job, Listing(source, None), checkpoint)]


def _places(task: Task) -> list[Place]:
    assert task.only is not None
    return sorted(task.only)


def test_there_is_nothing_to_do_where_no_id_is_repeated(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "abc", checkpoint)
    assert _tasks(job, checkpoint) == []


def test_all_sessions_of_repeated_ids_are_replayed_once_more(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "abcbda", checkpoint)
    (task,) = _tasks(job, checkpoint)
    assert _places(task) == [(0, 0), (1, 0), (3, 0), (5, 0)]
    assert [number for number, _ in task.numbered()] == [0, 1, 3, 5]


def test_the_later_ones_say_so(tmp_path: Path, checkpoint: Checkpoint) -> None:
    job = _replayed(tmp_path, "abcbda", checkpoint)
    (task,) = _tasks(job, checkpoint)
    found = [(d.session_id, d.counts.diagnostics) for d in work(task).done]
    assert found == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]


def test_what_they_came_to_alone_is_forgotten(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "abcbda", checkpoint)
    before = checkpoint.totals().sessions
    _tasks(job, checkpoint)
    assert before - checkpoint.totals().sessions == len("abba")


def test_many_are_several_tasks(tmp_path: Path, checkpoint: Checkpoint) -> None:
    job = _replayed(tmp_path, "aabbcc", checkpoint)
    with open_source(job.location) as source:
        tasks = of_repeated(job, Listing(source, None), checkpoint, most=3)
        assert [*map(_places, tasks)] == [
            [(0, 0), (1, 0), (2, 0)],
            [(3, 0), (4, 0), (5, 0)],
        ]


def test_each_says_the_same_in_a_task_of_its_own(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "abaab", checkpoint)
    with open_source(job.location) as source:
        tasks = of_repeated(job, Listing(source, None), checkpoint, most=1)
        done = [each for task in tasks for each in work(task).done]
    assert [(d.session_id, d.counts.diagnostics) for d in done] == [
        *(("a", 0), ("b", 0), ("a", 1), ("a", 1), ("b", 1))
    ]


def test_sessions_of_one_portion_are_told_apart(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    path = lines_of(tmp_path / "s.jsonl", [(each, each) for each in "abcab"])
    task = whole_task(job_of(path))
    checkpoint.begin()
    checkpoint.keep(work(task))
    (again,) = _tasks(task.job, checkpoint)
    assert again.repetitions == {(0, 0): 0, (0, 1): 0, (0, 3): 1, (0, 4): 1}
    assert len(again.portions) == 1


def test_a_location_that_has_changed_is_not_guessed_at(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    job = _replayed(tmp_path, "aa", checkpoint)
    with open_source(job.location) as source:
        listing = Listing(source, None)
        assert len([*listing.portions()]) == len("aa")
        (tmp_path / "00-before.json").write_text("[]")
        with pytest.raises(BackendError, match="changed while it was replayed"):
            next(of_repeated(job, listing, checkpoint))
