"""Batches from their arguments to their reports."""

from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest

import replay
from batches import GIVING, directory_of, job_of, lines_of, plugin_at
from replay import (
    BackendError,
    BatchProgress,
    BatchReport,
    CheckpointError,
    PluginError,
    SessionNotFoundError,
    UnknownNameError,
)
from replay.batch.tasks import Job

#: A plugin that merges texts into the file MERGED, which the fixture names.
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
    """Return a plugin that merges texts into the file ``merged``."""
    merged = f"MERGED = {str(tmp_path / 'merged')!r}\n"
    return plugin_at(tmp_path / "merging.py", merged + MERGING)


@pytest.fixture
def location(tmp_path: Path) -> Path:
    """Return the location of three sessions."""
    return directory_of(tmp_path / "sessions", {"a": "1", "b": "2", "c": "3"})


@pytest.fixture
def job(location: Path, plugin: str) -> Job:
    """Return a job of three sessions and a plugin that merges."""
    return job_of(location, plugin)


def _run(job: Job, checkpoint: Path | None = None, **given: Any) -> BatchReport:  # noqa: ANN401 - as replay_many has it
    plugins = [each.name for each in job.plugins]
    return replay.replay_many(job.location, plugins, checkpoint=checkpoint, **given)


def _merged(folder: Path) -> list[str]:
    return (folder / "merged").read_text().splitlines()


def test_results_are_merged_in_the_order_of_the_sessions_and_reported(
    job: Job, tmp_path: Path
) -> None:
    report = _run(job)
    merged = ["a: ['1']", "b: ['2']", "c: ['3']", "3 sessions, 3 turns"]
    assert _merged(tmp_path) == merged
    assert report.seconds > 0
    numbers = BatchReport(*(3, 3, 0, 0, 0), *(3, 6, 3, 0), seconds=0.0)
    assert attrs.evolve(report, seconds=0.0) == numbers


def test_a_second_run_replays_what_has_changed(job: Job, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    _run(job, checkpoint)
    directory_of(Path(job.location), {"b": "two", "d": "4"})
    (Path(job.location) / "c.json").unlink()
    report = _run(job, checkpoint)
    assert (report.sessions, report.replayed, report.known) == (3, 2, 1)
    assert _merged(tmp_path)[:3] == ["a: ['1']", "b: ['two']", "d: ['4']"]


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


def test_shards_do_each_session_once_and_can_be_gathered(
    job: Job, tmp_path: Path
) -> None:
    _run(job)
    whole = _merged(tmp_path)
    shards = [tmp_path / "first", tmp_path / "second"]
    _run(job, shards[0], shard=(1, 2))
    assert _merged(tmp_path) == ["a: ['1']", "c: ['3']", "2 sessions, 2 turns"]
    _run(job, shards[1], shard=(2, 2))
    assert _merged(tmp_path) == ["b: ['2']", "1 sessions, 1 turns"]
    report = _run(job, tmp_path / "all", gather=shards)
    assert (report.replayed, report.known) == (0, 3)
    assert _merged(tmp_path) == whole


def test_who_watches_is_told_how_many_there_are_once_all_are_listed(job: Job) -> None:
    told: list[BatchProgress] = []
    _run(job, watch=told.append)
    assert told[0] == BatchProgress(expected=3)
    assert told[-1] == BatchProgress(replayed=3, expected=3)


#: A plugin that takes 0.3 s for a session.
SLOW = """
import time
def replay_session_start(session):
    end = time.monotonic() + 0.3
    while time.monotonic() < end: pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("given", [{}, {"jobs": 1}])
def test_the_first_sessions_are_told_at_once_not_when_a_task_is_done(
    location: Path, tmp_path: Path, given: dict[str, Any]
) -> None:
    slow, told = plugin_at(tmp_path / "slow.py", SLOW), list[int]()
    replay.replay_many(
        location, [slow], watch=lambda now: told.append(now.replayed), **given
    )
    assert [*dict.fromkeys(told)] == [0, 1, 3]


def test_nothing_begins_without_a_good_checkpoint_and_location(
    job: Job, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError):
        _run(job, tmp_path)
    with pytest.raises(BackendError, match="no such file"):
        _run(attrs.evolve(job, location=str(tmp_path / "nowhere")))
    assert not (tmp_path / "merged").exists()


def test_a_merge_that_fails_is_told(job: Job, tmp_path: Path) -> None:
    (tmp_path / "merged").mkdir()
    with pytest.raises(PluginError, match="hook replay_batch_merge: IsADirectory"):
        _run(job)


def test_without_a_session_nothing_is_merged_but_of_a_shard(
    job: Job, tmp_path: Path
) -> None:
    empty = directory_of(tmp_path / "empty", {})
    with pytest.raises(SessionNotFoundError, match="empty: holds no session"):
        _run(attrs.evolve(job, location=str(empty)))
    assert not (tmp_path / "merged").exists()
    assert _run(job, shard=(4, 4)).sessions == 0
    assert _merged(tmp_path) == ["0 sessions, 0 turns"]


# The function

#: A plugin that fails at one session, and returns more than an answer holds.
LARGE = """
def replay_text(message):
    if message.content == "bad":
        raise ValueError

def replay_batch_result():
    return "x" * 9_000_000
"""


@pytest.fixture
def giving(tmp_path: Path) -> str:
    return plugin_at(tmp_path / "giving.py")


@pytest.mark.parametrize(
    "given",
    [{}, {"jobs": 2, "time_limit": float("inf"), "memory_limit": 10**30}],  # never
)
def test_all_sessions_are_replayed_once_and_known_to_the_next_run(
    location: Path, giving: str, tmp_path: Path, given: dict[str, Any]
) -> None:
    for replayed, known in ((3, 0), (0, 3)):
        report = replay.replay_many(
            location, [giving], checkpoint=str(tmp_path / "c"), **given
        )
        assert (report.replayed, report.known) == (replayed, known)


def test_an_opened_source_is_opened_again_with_its_options_by_an_executor_too(
    location: Path, giving: str
) -> None:
    with (
        ThreadPoolExecutor(2) as executor,
        replay.open(location, pattern="[ab].json") as source,
    ):
        for given in (None, executor):
            report = replay.replay_many(source, [giving], executor=given)
            assert report.replayed == len("ab")
        assert executor.submit(int, "7").result() == int("7"), "it is not shut down"


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [None, 2])
def test_many_large_sessions_of_one_id_are_what_they_are_without_a_batch(
    tmp_path: Path, jobs: int | None
) -> None:
    large = plugin_at(tmp_path / "large.py", LARGE)
    ids = [*"aaaaa", "bad", *"aab"]
    location = lines_of(tmp_path / "s.jsonl", [(each, each) for each in ids])
    folder = tmp_path / "transcripts"
    report = replay.replay_many(
        location,
        [("transcript_writer", {"directory": folder}), large],
        jobs=jobs,
        keep_going=True,
    )
    assert (report.replayed, report.diagnostics) == (len("aaaaaaab"), len("aaaaaa"))
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["a.txt", *(f"a~{n}.txt" for n in range(2, 8)), "b.txt"]


#: A plugin that shows one id for all sessions, and fails at one that says "boom".
HIDING = """
import attrs

def replay_rewrite(session):
    if session.events[1].content == "boom":
        raise ValueError
    return attrs.evolve(session, session_id="hidden")
"""
NAMING = """
import pathlib

def replay_text(): pass
def replay_batch_result(): return None
def replay_batch_merge(results):
    ids = "".join(f"{result.session_id}\\n" for result in results)
    pathlib.Path(__file__).with_suffix(".txt").write_text(ids)
"""


def test_plugins_see_the_ids_that_those_who_rewrite_them_show(
    location: Path, tmp_path: Path
) -> None:
    directory_of(location, {"b": "boom"})
    hiding, naming = (
        plugin_at(tmp_path / f"{name}.py", text)
        for name, text in (("hiding", HIDING), ("naming", NAMING))
    )
    transcripts = ("transcript_writer", {"directory": tmp_path / "transcripts"})
    replay.replay_many(
        location, [hiding, transcripts, naming], on_plugin_error="isolate"
    )
    first, second, third = (tmp_path / "naming.txt").read_text().split()
    assert (first, len(second), third) == ("hidden", 32, "hidden")
    names = sorted(path.name for path in (tmp_path / "transcripts").iterdir())
    assert names == ["hidden.txt", "hidden~2.txt"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        *(
            ({"shard": shard}, ValueError, "i from 1 to n")
            for shard in ((0, 2), (3, 2), (1, 0), (1.5, 2), ("1", "2"), (1,))
        ),
        *(
            ({name: limit, "jobs": 1}, ValueError, f"{name}: above zero, not")
            for name in ("time_limit", "memory_limit")
            for limit in (0, -1, float("nan"))
        ),
        ({"time_limit": 1}, ValueError, "limits need processes"),
        ({"executor": Executor(), "jobs": 2}, TypeError, "not both"),
        ({"plugins": "usage"}, TypeError, "plugins is a list of names, not str"),
        ({"plugins": {"usage": {}}}, TypeError, "a list of names, not dict"),
        ({"plugins": [object()]}, TypeError, "a name and options, not object"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    location: Path,
    giving: str,
    given: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        replay.replay_many(location, **{"plugins": [giving], **given})


def test_a_plugin_that_is_not_there_is_told_before_anything_begins(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'usage'"):
        replay.replay_many(tmp_path / "nowhere", ["usages"])
    with pytest.raises(PluginError, match="there is no such file"):
        replay.replay_many(tmp_path / "nowhere", [str(tmp_path / "no.py")])
