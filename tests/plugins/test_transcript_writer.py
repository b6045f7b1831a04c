"""The plugin ``transcript_writer``, which writes each session's transcript."""

import re
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from forking import exit_code_of, forked
from replay import (
    PluginError,
    ReplayEngine,
    Session,
    StopReplay,
    Text,
    UnknownNameError,
    load_plugin,
    loads,
    render,
    transcript,
)
from replay.batch.worker import WorkerEngine
from replay.rendering import Format
from replay.sources.source import RepeatedIds
from replay.testing import PluginContract
from replay.testing.batch_contract import worker_results
from replay.testing.histories import HOSTILE_IDS
from replay_plugins.transcript_writer import TranscriptWriter

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class TestTranscriptWriter(PluginContract):
    @pytest.fixture
    def plugin(self, tmp_path: Path) -> Callable[[], object]:
        directories = (tmp_path / str(number) for number in count())
        return lambda: TranscriptWriter(next(directories))

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, TranscriptWriter)
        return {
            path.name: re.sub(r"event \d+:", "", path.read_text())
            for path in plugin.directory.iterdir()
        }


def said(content: str, session_id: str = "s") -> Session:
    return Session(session_id, events=[Text(content)])


def write(directory: Path, *sessions: Session) -> list[str]:
    """Replay sessions, and return the names of all files in the folder."""
    engine = ReplayEngine([TranscriptWriter(directory)])
    for session in sessions:
        engine.replay(session)
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize(
    ("layout", "name"), [("text", "s.txt"), ("markdown", "s.md"), ("json", "s.json")]
)
def test_it_writes_what_is_rendered(layout: Format, name: str, tmp_path: Path) -> None:
    session = loads((EXAMPLES / "two_turns.json").read_bytes())
    ReplayEngine([TranscriptWriter(tmp_path, layout)]).replay(session)
    (path,) = tmp_path.iterdir()
    assert path.name == name.replace("s.", "ses-harbour-lease.")
    assert path.read_text(encoding="utf-8") == render(transcript(session), layout)


def test_its_options_can_be_typed_and_another_format_is_refused(tmp_path: Path) -> None:
    directory = str(tmp_path)
    writer = load_plugin("transcript_writer", directory=directory, format="json")
    ReplayEngine([writer]).replay(said("Yes."))
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]
    with pytest.raises(UnknownNameError, match="no format 'pdf'"):
        load_plugin("transcript_writer", directory=directory, format="pdf")


def test_any_id_has_a_file_of_its_own_and_none_is_elsewhere(tmp_path: Path) -> None:
    directory = tmp_path / "transcripts"
    names = write(directory, *(said("Yes.", each) for each in HOSTILE_IDS))
    assert len({name.casefold() for name in names}) == len(HOSTILE_IDS)
    assert list(tmp_path.iterdir()) == [directory]


def test_a_repeated_id_has_a_file_of_its_own_also_where_its_number_is_known(
    tmp_path: Path,
) -> None:
    names = write(tmp_path / "new", said("One."), said("Two."), said("Three."))
    assert names == ["s.txt", "s~2.txt", "s~3.txt"]
    assert "Two." in (tmp_path / "new" / "s~2.txt").read_text()
    tmp_path /= "known"
    repeated = RepeatedIds()
    one, two, three, four = (repeated.marked(said(each)) for each in "1234")
    assert write(tmp_path, two) == ["s~2.txt"]
    assert write(tmp_path, four, one) == ["s~2.txt", "s~4.txt", "s~5.txt"]
    assert write(tmp_path, one, two, three)[0] == "s.txt"
    assert "3" in (tmp_path / "s~3.txt").read_text()


def test_a_later_run_replaces_files_and_links_and_follows_none(tmp_path: Path) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "transcripts"
    outside.write_text("precious")
    write(directory, said("One."), said("Two.", "t"))
    (directory / "s.txt").unlink()
    (directory / "s.txt").symlink_to(outside)
    assert write(directory, said("Three."), said("Four.", "t")) == ["s.txt", "t.txt"]
    assert outside.read_text() == "precious"
    assert "Three." in (directory / "s.txt").read_text()
    assert "Four." in (directory / "t.txt").read_text()


def test_workers_at_once_make_one_directory_and_leave_whole_files(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "new" / "transcripts"
    sessions = [said(f"{n}" * 10_000, f"s{n}") for n in range(40)]
    orders = [sessions, sessions[::-1], sessions[20:] + sessions[:20]]
    children = [
        forked(partial(worker_results, [TranscriptWriter(directory)], order))
        for order in orders
    ]
    assert [exit_code_of(child) for child in children] == [0, 0, 0]
    write(tmp_path / "plain", *sessions)
    plain = {path.name: path.read_bytes() for path in (tmp_path / "plain").iterdir()}
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == plain


def test_it_is_written_before_a_worker_tells_what_it_did(tmp_path: Path) -> None:
    with WorkerEngine(
        [TranscriptWriter(tmp_path)], strict=False, on_plugin_error="raise"
    ) as engine:
        assert engine.replay_with_results(said("Yes."))[1] == [None]
        assert "Yes." in (tmp_path / "s.txt").read_text()


def stop_it() -> None:
    raise StopReplay


def fail() -> None:
    raise OSError


def test_a_session_that_was_stopped_or_failed_is_not_written(tmp_path: Path) -> None:
    write(tmp_path, said("One."))
    ReplayEngine([TranscriptWriter(tmp_path), {"text": stop_it}]).replay(said("Two."))
    with pytest.raises(PluginError):
        ReplayEngine([TranscriptWriter(tmp_path), {"text": fail}]).replay(said("No."))
    assert [path.name for path in tmp_path.iterdir()] == ["s.txt"]
    assert "One." in (tmp_path / "s.txt").read_text()


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "s.txt").mkdir()
    with pytest.raises(PluginError, match="hook replay_session_end"):
        write(tmp_path, said("Yes."))
    assert [path.name for path in tmp_path.iterdir()] == ["s.txt"]


def test_in_a_batch_it_writes_nothing_of_no_session(tmp_path: Path) -> None:
    with ReplayEngine([TranscriptWriter.batch_worker(tmp_path / "transcripts")]):
        assert not [*tmp_path.iterdir()]
