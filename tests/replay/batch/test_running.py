"""A batch from its beginning to its report."""

from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from batches import GIVING, directory_of, job_of, lines_of, plugin_at
from replay import BackendError, CheckpointError, PluginError, SessionNotFoundError
from replay.batch.pool import InProcessCrew
from replay.batch.progress import BatchProgress, BatchReport, Watched
from replay.batch.runner import Batch
from replay.batch.tasks import Job
from replay.batch.worker import work

#: Put where the file is that the plugin writes.
MERGING = f"""{GIVING}

def replay_batch_merge(results):
    with open(MERGED, "w") as file:
        for each in results:
            file.write(f"{{each.session_id}}: {{each.value}}\\n")


def replay_close(report):
    with open(MERGED, "a") as file:
        file.write(f"{{report.sessions}} sessions, {{report.turns}} turns\\n")
"""


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    """Return a plugin that merges what was said into the file ``merged``."""
    merged = f"MERGED = {str(tmp_path / 'merged')!r}\n"
    return plugin_at(tmp_path / "merging.py", merged + MERGING)


@pytest.fixture
def job(tmp_path: Path, plugin: str) -> Job:
    """Three sessions, and a plugin that merges."""
    location = directory_of(tmp_path / "sessions", {"a": "1", "b": "2", "c": "3"})
    return job_of(location, plugin)


def _run(
    job: Job,
    checkpoint: Path | None = None,
    gather: Sequence[Path] = (),
    shard: tuple[int, int] | None = None,
    watched: Watched | None = None,
) -> BatchReport:
    batch = Batch(job, checkpoint, gather, shard, watched or Watched(None))
    return batch.run(InProcessCrew(work))


def _merged(folder: Path) -> list[str]:
    return (folder / "merged").read_text().splitlines()


def test_results_are_merged_in_the_order_of_the_sessions(
    job: Job, tmp_path: Path
) -> None:
    _run(job)
    assert _merged(tmp_path) == [
        "a: ['1']",
        "b: ['2']",
        "c: ['3']",
        "3 sessions, 3 turns",
    ]


def test_the_report_says_what_all_came_to(job: Job) -> None:
    report = _run(job)
    assert report.seconds > 0
    assert attrs.evolve(report, seconds=0.0) == BatchReport(
        sessions=3,
        replayed=3,
        known=0,
        failed=0,
        quarantined=0,
        turns=3,
        events=6,
        messages=3,
        diagnostics=0,
        seconds=0.0,
    )


def test_a_second_run_replays_what_has_changed(job: Job, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    _run(job, checkpoint)
    directory_of(Path(job.location), {"b": "two", "d": "4"})
    (Path(job.location) / "c.json").unlink()
    report = _run(job, checkpoint)
    assert (report.sessions, report.replayed, report.known) == (3, 2, 1)
    assert _merged(tmp_path)[:3] == ["a: ['1']", "b: ['two']", "d: ['4']"]


def test_another_plugin_does_all_again(job: Job, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    _run(job, checkpoint)
    with Path(job.plugins[0].name).open("a") as file:
        file.write("# changed\n")
    changed = job_of(Path(job.location), job.plugins[0].name)
    assert _run(changed, checkpoint).replayed == len("abc")


def test_sessions_of_one_id_are_merged_at_their_places(
    tmp_path: Path, plugin: str
) -> None:
    said = [("a", "1"), ("b", "2"), ("a", "3")]
    job = job_of(lines_of(tmp_path / "s.jsonl", said), plugin)
    report = _run(job, tmp_path / "checkpoint")
    assert (report.sessions, report.diagnostics) == (3, 1)
    assert _merged(tmp_path)[:3] == ["a: ['1']", "b: ['2']", "a: ['3']"]
    again = _run(job, tmp_path / "checkpoint")
    assert (again.replayed, again.known, again.diagnostics) == (2, 1, 1)


def test_shards_do_each_session_once(job: Job, tmp_path: Path) -> None:
    _run(job, shard=(1, 2))
    assert _merged(tmp_path) == ["a: ['1']", "c: ['3']", "2 sessions, 2 turns"]
    _run(job, shard=(2, 2))
    assert _merged(tmp_path) == ["b: ['2']", "1 sessions, 1 turns"]


def test_what_shards_did_can_be_gathered(job: Job, tmp_path: Path) -> None:
    _run(job)
    whole = _merged(tmp_path)
    shards = [tmp_path / "first", tmp_path / "second"]
    for number, path in enumerate(shards, 1):
        _run(job, path, shard=(number, 2))
    report = _run(job, tmp_path / "all", gather=shards)
    assert (report.replayed, report.known) == (0, 3)
    assert _merged(tmp_path) == whole


def test_who_watches_is_told_how_many_there_are_once_all_are_listed(job: Job) -> None:
    told: list[BatchProgress] = []
    _run(job, watched=Watched(told.append))
    assert told[0] == BatchProgress(expected=3)
    assert told[-1] == BatchProgress(replayed=3, expected=3)


def test_nothing_begins_without_a_good_checkpoint(job: Job, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        _run(job, tmp_path)
    assert not (tmp_path / "merged").exists()


def test_nothing_begins_without_a_location(job: Job, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no such file"):
        _run(attrs.evolve(job, location=str(tmp_path / "nowhere")))


def test_a_merge_that_fails_is_told(job: Job, tmp_path: Path) -> None:
    (tmp_path / "merged").mkdir()
    with pytest.raises(PluginError, match="hook replay_batch_merge: IsADirectory"):
        _run(job)


def test_nothing_is_merged_where_there_is_no_session(
    tmp_path: Path, plugin: str
) -> None:
    job = job_of(directory_of(tmp_path / "empty", {}), plugin)
    with pytest.raises(SessionNotFoundError, match="empty: holds no session"):
        _run(job)
    assert not (tmp_path / "merged").exists()


def test_a_shard_may_have_no_session(job: Job, tmp_path: Path) -> None:
    assert _run(job, shard=(4, 4)).sessions == 0
    assert _merged(tmp_path) == ["0 sessions, 0 turns"]
