"""Arrival times beside recorded sessions."""

import json
from pathlib import Path

import pytest

import replay
from replay.serving.arrivals import Arrivals
from replay.serving.turns import spans_of

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
