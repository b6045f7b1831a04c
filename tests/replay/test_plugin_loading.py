"""Plugins by name, or from a file."""

from pathlib import Path

import pytest

from replay import (
    PluginError,
    ReplayEngine,
    Session,
    Text,
    UnknownNameError,
    load_plugin,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("told = []\ndef replay_text(message):\n    told.append(message)\n")
    return path


def test_a_registered_plugin_is_loaded_by_its_name() -> None:
    assert type(load_plugin("usage")).__name__ == "Usage"


def test_options_are_converted_by_the_annotations() -> None:
    assert load_plugin("usage", json="true").json is True


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'usage'"):
        load_plugin("usge")


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'json'"):
        load_plugin("usage", jsn=True)


def test_a_file_is_a_plugin(file: Path) -> None:
    plugin = load_plugin(str(file))
    ReplayEngine([plugin]).replay(Session("s", events=[Text("a")]))
    assert [message.content for message in plugin.told] == ["a"]


def test_a_file_takes_no_options(file: Path) -> None:
    with pytest.raises(UnknownNameError, match="takes no options"):
        load_plugin(str(file), depth=1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no such file"):
        load_plugin(str(tmp_path / "none.py"))


def test_a_file_that_fails_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("1 / 0\n")
    with pytest.raises(PluginError, match="ZeroDivisionError") as caught:
        load_plugin(str(path))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
