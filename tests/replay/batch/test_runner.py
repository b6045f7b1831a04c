"""A batch from its arguments to its report."""

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


def _run(job: Job, checkpoint: Path | None = None, **given: Any) -> BatchReport:  # noqa: ANN401 - as replay_many has it
    plugins = [each.name for each in job.plugins]
    return replay.replay_many(job.location, plugins, checkpoint=checkpoint, **given)


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
    _run(job, watch=told.append)
    assert told[0] == BatchProgress(expected=3)
    assert told[-1] == BatchProgress(replayed=3, expected=3)


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


# The function

#: A plugin that fails at one session, and gives more of each than an answer holds.
LARGE = """
def replay_text(message):
    if message.content == "bad":
        raise ValueError

def replay_batch_result():
    return "x" * 9_000_000
"""


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return directory_of(tmp_path / "sessions", {"a": "1", "b": "2", "c": "3"})


@pytest.fixture
def giving(tmp_path: Path) -> str:
    return plugin_at(tmp_path / "giving.py")


@pytest.mark.parametrize("jobs", [None, 2])
def test_all_sessions_are_replayed_once_and_known_to_the_next_run(
    location: Path, giving: str, tmp_path: Path, jobs: int | None
) -> None:
    for replayed, known in ((3, 0), (0, 3)):
        report = replay.replay_many(
            location, [giving], jobs=jobs, checkpoint=str(tmp_path / "c")
        )
        assert (report.replayed, report.known) == (replayed, known)


def test_an_opened_source_is_opened_again_with_its_options(
    location: Path, giving: str
) -> None:
    with replay.open(location, pattern="a.json") as source:
        assert replay.replay_many(source, [giving]).replayed == 1


def test_an_executor_may_do_the_work_and_is_not_shut_down(
    location: Path, giving: str
) -> None:
    with ThreadPoolExecutor(2) as executor:
        report = replay.replay_many(location, [giving], executor=executor)
        assert executor.submit(int, "7").result() == int("7")
    assert report.replayed == len("abc")


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


#: Shows one id in place of all, and nothing of a session that says "boom".
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


def test_a_plugin_that_fails_may_be_passed_over_or_isolated(
    location: Path, giving: str
) -> None:
    directory_of(location, {"b": "boom"})
    for on_plugin_error, replayed in (("raise", 2), ("isolate", 3)):
        how: Any = {"keep_going": True, "on_plugin_error": on_plugin_error}
        report = replay.replay_many(location, [giving], **how)
        assert (report.replayed, report.failed) == (replayed, 3 - replayed)
        (problem,) = report.problems
        assert (problem.name, problem.code) == ("b", "plugin-error")


def test_what_is_odd_is_a_failure_where_that_is_wanted(
    location: Path, giving: str
) -> None:
    (location / "b.json").write_text('[{"type": "text_delta", "content": "x"}, 7]')
    report = replay.replay_many(location, [giving], strict=True, keep_going=True)
    assert (report.replayed, report.failed) == (2, 1)


def test_a_limit_that_is_never_reached_is_none(location: Path, giving: str) -> None:
    report = replay.replay_many(
        location, [giving], jobs=1, time_limit=float("inf"), memory_limit=10**30
    )
    assert report.replayed == len("abc")


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
