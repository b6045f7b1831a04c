"""Due times of events, and the arrival times beside recorded sessions."""

import gzip
import json
import os
from pathlib import Path

import pytest

import replay
from replay import Stop, Text, TextDelta, ThinkingDelta, ToolCall, Usage
from replay.model.events import Event
from replay.testing.server.timing import Arrivals, due_times, folder_of

STOP = Stop(Usage(duration_ms=2000.0), is_error=False)
CALL = ToolCall("c", "find", {})


@pytest.mark.parametrize(
    ("events", "speed", "due"),
    [
        # By the characters of the deltas; without deltas, of the full events.
        (
            (ThinkingDelta("xxx"), CALL, TextDelta("x"), Text("x"), STOP),
            1.0,
            [1.5, 1.5, 2.0, 2.0, 2.0],
        ),
        ((Text("x"), CALL, Text("xxx"), STOP), 1.0, [0.5, 0.5, 2.0, 2.0]),
        ((Text("x"), STOP), 2.0, [1.0, 1.0]),
        # Nothing tells the time.
        ((), 1.0, []),
        ((CALL, STOP), 1.0, []),
        ((Text("x"),), 1.0, []),
        ((Text("x"), Stop(Usage(), is_error=False)), 1.0, []),
        ((Text("x"), Stop(Usage(duration_ms=-5.0), is_error=False)), 1.0, []),
    ],
)
def test_a_turns_time_is_shared_out(
    events: tuple[Event, ...], speed: float, due: list[float]
) -> None:
    assert list(due_times(events, None, speed)) == due


def test_recorded_times_come_before_all_else_and_never_fall() -> None:
    assert list(due_times([Text("x"), STOP], [0.5, 9.0], 2.0)) == [0.25, 4.5]
    assert list(due_times([CALL] * 3, [0.5, 0.2, 0.7], 1.0)) == [0.5, 0.5, 0.7]


EVENTS = [
    {"type": "user_input", "content": "One?"},
    {"type": "text", "content": "1."},
    {"type": "stop", "usage": {}, "is_error": False, "error": None},
    {"type": "user_input", "content": "Two?"},
    {"type": "text", "content": "2."},
]
WITH_INPUTS = "0.0\n0.25\n0.5\n0\n1e-1\n"
WITHOUT_INPUTS = "0.25\n0.5\n0.1\n"
BOTH = [[0.25, 0.5], [0.1]]
NONE = [None, None]


def found(location: str | Path, session: Path | None = None) -> object:
    """Return the times of both turns of a session at *location*."""
    arrivals = Arrivals(str(location))
    loaded = replay.load(session or location)
    return [arrivals.of_turn(loaded, *bounds) for bounds in ((1, 3), (4, 5))]


def times(location: Path, arrivals: str, name: str = "a.arrivals") -> object:
    folder = location if location.is_dir() else location.parent
    (folder / name).write_text(arrivals, encoding="utf-8")
    return found(location)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a session's file, whose name differs from the session's."""
    path = tmp_path / "a.json"
    document = {"session_id": "ses-1", "events": EVENTS}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WITH_INPUTS, BOTH),
        (WITHOUT_INPUTS, BOTH),
        ("null\nnull\nnull\n0\n0.1\n", [None, [0.1]]),
        *((text, NONE) for text in ("", "0.1\n", "a\n" * 5, "nan\n" * 5, "ü\n" * 5)),
    ],
)
def test_each_turn_has_its_times_if_all_are_known(
    file: Path, text: str, expected: object
) -> None:
    assert times(file, text) == expected
    assert times(file.parent, text) == expected


def test_a_name_may_look_like_a_pattern_and_others_are_passed_over(
    tmp_path: Path, file: Path
) -> None:
    assert times(file, WITH_INPUTS, "b.arrivals") == NONE
    file.with_name("b.json").write_text("no JSON", encoding="utf-8")
    odd = file.rename(tmp_path / "[a]*?.json")
    assert times(odd, WITH_INPUTS, "[a]*?.arrivals") == BOTH
    assert found(tmp_path, odd) == BOTH


def test_pipes_are_not_waited_for_and_links_not_followed(
    file: Path, tmp_path: Path
) -> None:
    os.mkfifo(file.with_suffix(".arrivals"))
    assert found(file.parent) == NONE
    file.with_suffix(".arrivals").unlink()
    assert found("https://api.example", file) == NONE
    (tmp_path / "elsewhere").write_text(WITH_INPUTS, encoding="ascii")
    file.with_suffix(".arrivals").symlink_to(tmp_path / "elsewhere")
    assert found(file) == NONE
    file.with_suffix(".arrivals").unlink()
    os.mkfifo(file.with_name("b.json"))
    file.with_name("b.arrivals").touch()
    file.with_suffix(".arrivals").write_text(WITH_INPUTS, encoding="ascii")
    assert found(file.parent, file) == BOTH


def test_of_one_file_only_its_own_times_are_looked_for(file: Path) -> None:
    below = file.parent / "below" / file.name
    below.parent.mkdir()
    below.write_bytes(file.read_bytes())
    below.with_suffix(".arrivals").write_text(WITH_INPUTS, encoding="ascii")
    assert found(file) == NONE


@pytest.mark.parametrize("suffix", [".json.gz", ".jsonl", ".ndjson", ".JSON"])
def test_times_are_found_whatever_the_form(
    file: Path, tmp_path: Path, suffix: str
) -> None:
    data = json.dumps({"session_id": "ses-1", "events": EVENTS}).encode()
    file.unlink()
    path = tmp_path / f"a.b{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data + b"\n")
    for location in (tmp_path, path):
        assert times(location, WITH_INPUTS, "a.b.arrivals") == BOTH


def test_the_folder_of_a_location_is_that_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch()
    for location in (tmp_path, f"fixture_directory:{tmp_path}", path):
        assert folder_of(str(location)) == tmp_path
    assert folder_of(f"json_file:{path}") == tmp_path
    for other in ("-", "", "https://api.example", "a\0b", "x:"):
        assert folder_of(other) is None
