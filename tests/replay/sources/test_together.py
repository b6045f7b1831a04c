"""Several locations, read as one source."""

from pathlib import Path

import pytest

import replay
from batches import directory_of, lines_of
from portions import all_stored
from replay import Portion
from replay.sources.together import open_all
from replay_command import Run


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """Return three locations; one session has the id of one in another."""
    return [
        str(directory_of(tmp_path / "it", {"a": "1", "b": "2"})),
        str(lines_of(tmp_path / "c.jsonl", [("c", "3"), ("a", "4")])),
        str(directory_of(tmp_path / "more", {"d": "5"})),
    ]


def test_their_sessions_follow_each_other(places: list[str]) -> None:
    with open_all(places, {"strict": "true"}) as source:
        for found in (source.sessions(), source.summaries()):
            assert [each.session_id for each in found] == ["a", "b", "c", "a", "d"]
        assert [each.repetition for each in source] == [0, 0, 0, 1, 0]
        assert source.session("d").session_id == "d"
        assert source.location == ", ".join(places)
        with pytest.raises(replay.SessionNotFoundError, match=r"it, .*more: there is"):
            source.session("e")


def test_one_location_is_opened_by_itself(places: list[str]) -> None:
    with open_all(places[:1], {}) as source:
        assert source.locations == (source.location,) == tuple(places[:1])


def test_each_portion_is_one_of_a_location(places: list[str]) -> None:
    with open_all(places, {}) as source:
        found = [each.read().session_id for each in all_stored(source)]
        assert found == ["a", "b", "c", "a", "d"]
        for key in (("a.json", 1, 1, 3), ("a.json", 1, 1, "0"), ("a.json", 1, -1), ()):
            with pytest.raises(replay.BackendError, match="no portion"):
                source.stored(Portion(key, 1))


def test_what_cannot_be_opened_is_named(places: list[str]) -> None:
    with pytest.raises(replay.BackendError, match="nowhere: no such file"):
        open_all([*places, "nowhere"], {})


def test_a_batch_reads_them_in_its_workers(
    places: list[str], tmp_path: Path, run: Run
) -> None:
    done = run("run", *places, f"--plugin=usage:output={tmp_path}/1")
    assert done.returncode == 0
    (tmp_path / "it" / "package.json").write_text("{}")
    for jobs in (["--jobs=2"], ["--keep-going", "--option=strict=true"]):
        done = run("run", *places, *jobs, f"--plugin=usage:output={tmp_path}/2")
        note, summary = done.stderr.splitlines()
        assert note.endswith(": 1 file holds no session: package.json")
        assert summary.startswith("replay: 5 sessions: 5 replayed now, ")
        assert (tmp_path / "1").read_text() == (tmp_path / "2").read_text()
