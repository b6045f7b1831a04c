"""Sessions through the plugins of a worker, which are made where they are missing."""

import json
from pathlib import Path

import pytest

from replay import (
    DecodeError,
    EncodeError,
    PluginError,
    Session,
    Stop,
    Text,
    TextDelta,
    Usage,
    UserInput,
)
from replay.batch.plugin_specs import specs_of
from replay.batch.tasks import Counts, Done, Found, Job
from replay.batch.worker import Player
from replay.engine.plugin_set import OnPluginError

FOUND = Found((0, 0), "name", b"digest")
SESSION = Session(
    "s", events=[UserInput("a"), Text("b"), Stop(Usage(), is_error=False)]
)
PLUGIN = """
import pathlib

said = []

def replay_text(message):
    said.append(message.content)
    if message.content == "bad":
        raise ValueError("bad")

def replay_batch_result():
    return {1} if said[-1:] == ["strange"] else said

def replay_close():
    pathlib.Path(__file__).with_name("closed").write_text("by a worker")
"""
CLOSING = """
import pathlib

def replay_close():
    with pathlib.Path(__file__).with_name("closed").open("a") as file:
        file.write("closed\\n")
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """Return a plugin that keeps what it should forget."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    return tmp_path / "plugin.py"


def said(text: str) -> Session:
    return Session("s", events=[Text(text)])


def player(
    *plugins: str | Path, strict: bool = False, on_plugin_error: OnPluginError = "raise"
) -> Player:
    specs = specs_of([*map(str, plugins)])
    return Player(Job("", {}, specs, strict=strict, on_plugin_error=on_plugin_error))


def test_what_was_done_says_what_the_session_came_to(plugin: Path) -> None:
    done = player(plugin, "usage").play(FOUND, SESSION)
    counts = Counts(turns=1, events=3, messages=1)
    usage = ["s", 1, 1, None, None, 0.0, 0, True]
    values = json.dumps([["b"], usage], separators=(",", ":")).encode()
    assert done == Done(FOUND, "s", counts, values)


def test_one_engine_replays_one_session_after_another(plugin: Path) -> None:
    playing = player(plugin)
    assert playing.begin() is playing.begin()
    values = [playing.play(FOUND, said(text)).values for text in "ab"]
    assert values == [b'[["a"]]', b'[["a","b"]]']


def test_a_failure_spoils_the_plugins(plugin: Path) -> None:
    playing = player(plugin)
    playing.play(FOUND, said("a"))
    assert not playing.is_spoilt
    with pytest.raises(PluginError, match="ValueError: bad"):
        playing.play(FOUND, said("bad"))
    assert playing.is_spoilt


def test_one_that_was_isolated_does_too(plugin: Path) -> None:
    playing = player(plugin, on_plugin_error="isolate")
    done = playing.play(FOUND, said("bad"))
    (error,) = done.plugin_errors
    assert "ValueError: bad" in error
    assert done.values == b'[["bad"]]'
    assert playing.is_spoilt


def test_a_result_that_is_no_json_fails_its_session(plugin: Path) -> None:
    playing = player(plugin)
    with pytest.raises(EncodeError):
        playing.play(FOUND, said("strange"))
    assert playing.is_spoilt


def test_plugins_are_made_anew_once_they_are_closed(plugin: Path) -> None:
    playing = player(plugin)
    playing.play(FOUND, said("a"))
    assert playing.close() == ()
    assert playing.play(FOUND, said("b")).values == b'[["b"]]'


def test_a_session_that_is_odd_fails_where_that_is_asked() -> None:
    odd = Session("s", events=[TextDelta("a"), Text("ab")])
    assert player("usage").play(FOUND, odd).counts.diagnostics == 1
    with pytest.raises(DecodeError, match="delta-gap"):
        player("usage", strict=True).play(FOUND, odd)


def test_a_plugin_without_results_is_closed_once_with_the_player(
    tmp_path: Path,
) -> None:
    (tmp_path / "closing.py").write_text(CLOSING)
    playing = player(tmp_path / "closing.py")
    playing.play(FOUND, SESSION)
    assert not (tmp_path / "closed").exists()
    playing.close()
    playing.close()
    assert (tmp_path / "closed").read_text() == "closed\n"


def test_one_with_results_is_not(plugin: Path) -> None:
    playing = player(plugin)
    playing.play(FOUND, SESSION)
    playing.close()
    assert not plugin.with_name("closed").exists()


def test_a_player_that_played_nothing_can_be_closed() -> None:
    player("usage").close()


def test_a_plugin_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def replay_text(): pass")
    playing = player(tmp_path / "a.py")
    (tmp_path / "a.py").unlink()
    with pytest.raises(PluginError, match="no such file"):
        playing.begin()
