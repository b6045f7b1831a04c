"""Many sessions through plugins."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import replay
from batches import directory_of, lines_of, plugin_at
from replay import BatchProgress, PluginError, UnknownNameError
from replay.batch.plugin_specs import NamedPlugin

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


def test_all_sessions_of_a_location_are_replayed(location: Path, giving: str) -> None:
    assert replay.replay_many(location, [giving]).replayed == len("abc")


def test_an_opened_source_is_opened_again_with_its_options(
    location: Path, giving: str
) -> None:
    with replay.open(location, pattern="a.json") as source:
        assert replay.replay_many(source, [giving]).replayed == 1


def test_processes_may_do_the_work(location: Path, giving: str) -> None:
    assert replay.replay_many(location, [giving], jobs=2).replayed == len("abc")


def test_an_executor_may_do_the_work_and_is_not_shut_down(
    location: Path, giving: str
) -> None:
    with ThreadPoolExecutor(2) as executor:
        report = replay.replay_many(location, [giving], executor=executor)
        assert executor.submit(int, "7").result() == int("7")
    assert report.replayed == len("abc")


def test_a_checkpoint_is_gone_on_from(
    location: Path, giving: str, tmp_path: Path
) -> None:
    for replayed, known in ((3, 0), (0, 3)):
        report = replay.replay_many(location, [giving], checkpoint=tmp_path / "c")
        assert (report.replayed, report.known) == (replayed, known)


def test_checkpoints_of_shards_are_gathered(
    location: Path, giving: str, tmp_path: Path
) -> None:
    files = [str(tmp_path / "1"), str(tmp_path / "2")]
    for number, file in enumerate(files, 1):
        replay.replay_many(location, [giving], checkpoint=file, shard=(number, 2))
    assert replay.replay_many(location, [giving], gather=files).known == len("abc")


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


def test_it_goes_on_past_a_failure_where_wanted(location: Path, giving: str) -> None:
    directory_of(location, {"b": "boom"})
    report = replay.replay_many(location, [giving], keep_going=True)
    assert (report.replayed, report.failed) == (2, 1)
    (problem,) = report.problems
    assert (problem.name, problem.code) == ("b", "plugin-error")


def test_a_plugin_that_fails_may_be_isolated(location: Path, giving: str) -> None:
    directory_of(location, {"b": "boom"})
    report = replay.replay_many(
        location, [giving], keep_going=True, on_plugin_error="isolate"
    )
    assert (report.replayed, report.failed) == (3, 0)
    (problem,) = report.problems
    assert (problem.name, problem.code) == ("b", "plugin-error")


def test_what_is_odd_is_a_failure_where_that_is_wanted(
    location: Path, giving: str
) -> None:
    (location / "b.json").write_text('[{"type": "text_delta", "content": "x"}, 7]')
    report = replay.replay_many(location, [giving], strict=True, keep_going=True)
    assert (report.replayed, report.failed) == (2, 1)


def test_who_watches_is_told_how_far_it_has_come(location: Path, giving: str) -> None:
    told: list[BatchProgress] = []
    replay.replay_many(location, [giving], watch=told.append)
    assert told[-1] == BatchProgress(replayed=3, expected=3)


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (1, 0), (1.5, 2), ("1", "2"), (1,)])
def test_a_shard_that_cannot_be_is_refused(
    location: Path,
    giving: str,
    shard: Any,  # noqa: ANN401 - what nobody should give
) -> None:
    with pytest.raises(ValueError, match="i from 1 to n"):
        replay.replay_many(location, [giving], shard=shard)


def test_limits_need_processes(location: Path, giving: str) -> None:
    with pytest.raises(ValueError, match="limits need processes"):
        replay.replay_many(location, [giving], time_limit=1)


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
@pytest.mark.parametrize("name", ["time_limit", "memory_limit"])
def test_a_limit_that_leaves_nothing_is_refused(
    location: Path, giving: str, name: str, limit: float
) -> None:
    limits: dict[str, Any] = {name: limit}
    with pytest.raises(ValueError, match=f"{name}: above zero, not"):
        replay.replay_many(location, [giving], jobs=1, **limits)


def test_a_limit_that_is_never_reached_is_none(location: Path, giving: str) -> None:
    report = replay.replay_many(
        location, [giving], jobs=1, time_limit=float("inf"), memory_limit=10**30
    )
    assert report.replayed == len("abc")


def test_jobs_and_an_executor_are_one_too_many(location: Path, giving: str) -> None:
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(TypeError, match="not both"),
    ):
        replay.replay_many(location, [giving], executor=executor, jobs=2)


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("usage", "plugins is a list of names, not str"),
        ({"usage": {}}, "plugins is a list of names, not dict"),
        ([object()], "give a name, or a name and options, not object"),
    ],
)
def test_plugins_that_cannot_be_made_anew_are_refused(
    location: Path, plugins: list[NamedPlugin], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        replay.replay_many(location, plugins)


def test_a_plugin_that_is_not_there_is_told_before_anything_begins(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'usage'"):
        replay.replay_many(tmp_path / "nowhere", ["usages"])
    with pytest.raises(PluginError, match="there is no such file"):
        replay.replay_many(tmp_path / "nowhere", [str(tmp_path / "no.py")])
