"""Arrival times beside recorded sessions."""

import gzip
import json
import os
from pathlib import Path

import pytest

import replay
from replay.testing.server.timing import Arrivals, spans_of

EVENTS = [
    {"type": "user_input", "content": "One?"},
    {"type": "text", "content": "1."},
    {"type": "stop", "usage": {}, "is_error": False, "error": None},
    {"type": "user_input", "content": "Two?"},
    {"type": "text", "content": "2."},
]
WITH_INPUTS = "0.0\n0.25\n0.5\n0\n1e-1\n"
WITHOUT_INPUTS = "0.25\n0.5\n0.1\n"


def times(location: Path, arrivals: str, name: str = "a.arrivals") -> object:
    folder = location if location.is_dir() else location.parent
    (folder / name).write_text(arrivals, encoding="utf-8")
    session = replay.load(location)
    found = Arrivals(str(location))
    return [found.of_turn(session, span) for span in spans_of(session)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a session's file, called otherwise than the session."""
    path = tmp_path / "a.json"
    document = {"session_id": "ses-1", "events": EVENTS}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [WITH_INPUTS, WITHOUT_INPUTS])
def test_each_turn_has_its_times(file: Path, text: str) -> None:
    assert times(file, text) == [[0.25, 0.5], [0.1]]


def test_a_turn_of_which_nobody_knows_has_none(file: Path) -> None:
    assert times(file, "null\nnull\nnull\n0\n0.1\n") == [None, [0.1]]


def test_times_are_found_in_a_directory(file: Path) -> None:
    assert times(file.parent, WITH_INPUTS) == [[0.25, 0.5], [0.1]]


def test_a_name_may_look_like_a_pattern(tmp_path: Path, file: Path) -> None:
    odd = file.rename(tmp_path / "[a]*?.json")
    assert times(odd, WITH_INPUTS, "[a]*?.arrivals") == [[0.25, 0.5], [0.1]]


@pytest.mark.parametrize("text", ["", "0.1\n", "a\n" * 5, "nan\n" * 5, "ü\n" * 5])
def test_what_is_no_time_of_each_event_is_passed_over(file: Path, text: str) -> None:
    assert times(file, text) == [None, None]


def test_times_without_a_session_are_passed_over(file: Path) -> None:
    assert times(file, WITH_INPUTS, "b.arrivals") == [None, None]


def test_times_beside_what_cannot_be_read_are_passed_over(file: Path) -> None:
    (file.parent / "b.json").write_text("no JSON", encoding="utf-8")
    (file.parent / "b.arrivals").write_text("", encoding="utf-8")
    assert times(file, WITH_INPUTS) == [[0.25, 0.5], [0.1]]


def test_a_source_that_is_no_path_has_no_times(file: Path) -> None:
    session = replay.load(file)
    arrivals = Arrivals("https://api.example")
    assert arrivals.of_turn(session, spans_of(session)[0]) is None


def test_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file.with_suffix(".arrivals"))
    session = replay.load(file)
    arrivals = Arrivals(str(file.parent))
    assert arrivals.of_turn(session, spans_of(session)[0]) is None


def test_a_session_that_is_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file.with_name("b.json"))
    file.with_name("b.arrivals").touch()
    assert times(file, WITH_INPUTS) == [[0.25, 0.5], [0.1]]
    session = replay.load(file)
    found = Arrivals(str(file.parent)).of_turn(session, spans_of(session)[0])
    assert found == [0.25, 0.5]


def test_a_link_is_not_followed(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(WITH_INPUTS, encoding="ascii")
    file.with_suffix(".arrivals").symlink_to(elsewhere)
    session = replay.load(file)
    assert Arrivals(str(file)).of_turn(session, spans_of(session)[0]) is None


def test_of_one_file_only_its_own_times_are_looked_for(file: Path) -> None:
    below = file.parent / "below" / file.name
    below.parent.mkdir()
    file.rename(below)
    below.with_suffix(".arrivals").write_text(WITH_INPUTS, encoding="ascii")
    file.write_bytes(below.read_bytes())
    session = replay.load(file)
    assert Arrivals(str(file)).of_turn(session, spans_of(session)[0]) is None


@pytest.mark.parametrize("suffix", [".json.gz", ".jsonl", ".ndjson", ".JSON"])
@pytest.mark.parametrize("is_directory", [True, False])
def test_times_are_found_whatever_the_form(
    file: Path,
    tmp_path: Path,
    suffix: str,
    is_directory: bool,  # noqa: FBT001 - of a table
) -> None:
    data = json.dumps({"session_id": "ses-1", "events": EVENTS}).encode()
    file.unlink()
    path = tmp_path / f"a.b{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data + b"\n")
    location = tmp_path if is_directory else path
    assert times(location, WITH_INPUTS, "a.b.arrivals") == [[0.25, 0.5], [0.1]]
