"""Plugins and backends in a file outside any package."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import replay
from replay import BackendError, PluginError, UnknownNameError, load_plugin
from replay.sources.source import names_backend

PLUGIN = """
from collections import Counter
class Counts:
    def __init__(self, start: int = 0):
        self.count = 10 // start if start < 0 else start
        if start < -10:
            raise KeyError(start)
    def replay_text(self):
        self.count += 1
class Helper: pass
class _Private:
    def replay_text(self): pass
"""
BACKEND = """
import replay
class Words:
    def __init__(self, location="none", *, lowest=0):
        self.location, self.length = location, 1 // (location != "!")
    def summaries(self):
        yield self.session("words").summary()
    def session(self, session_id):
        return replay.Session("words", events=[replay.Text(self.location)])
    def close(self): pass
class Needy(Words):
    def __init__(self, location): super().__init__(location)
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that writes code into a file and returns its path."""

    def file(code: str) -> str:
        (tmp_path / "mine.py").write_text(code, encoding="utf-8")
        return str(tmp_path / "mine.py")

    return file


def text_at(location: str) -> object:
    (event,) = replay.load(location).events
    return getattr(event, "content", None)


def test_the_one_class_with_hooks_in_a_file_is_a_plugin(
    file: Callable[[str], str],
) -> None:
    path = file(PLUGIN)
    for name in (path, f"{path}::Counts"):
        plugin = load_plugin(name, start="5")
        session = replay.Session("s", events=[replay.Text("a")])
        replay.ReplayEngine([plugin]).replay(session)
        assert plugin.count == 6


def test_functions_go_before_classes_which_can_still_be_named(
    file: Callable[[str], str],
) -> None:
    path = file(f"{PLUGIN}\ndef replay_text(): pass\n")
    assert isinstance(load_plugin(path), ModuleType)
    assert load_plugin(f"{path}::Counts").__class__.__name__ == "Counts"


def test_of_several_classes_one_must_be_named(file: Callable[[str], str]) -> None:
    path = file(f"{PLUGIN}\nclass More(Counts): pass\n")
    with pytest.raises(PluginError) as caught:
        load_plugin(path)
    assert str(caught.value) == (
        f"plugin {path!r}: has several plugin classes: Counts, More "
        f"(name one, such as {path}::Counts)"
    )
    assert load_plugin(f"{path}::More").__class__.__name__ == "More"


def test_a_class_that_is_not_there_is_refused_with_the_nearest(
    file: Callable[[str], str],
) -> None:
    path = file(PLUGIN)
    with pytest.raises(UnknownNameError) as caught:
        load_plugin(f"{path}::Count")
    assert str(caught.value) == (
        f"{path} has no class 'Count' (did you mean 'Counts'? known: Counts, Helper)"
    )
    for missing in ("none.py::A", "none.py"):
        with pytest.raises(PluginError, match=f"{missing}': there is no such file"):
            load_plugin(missing)


def test_what_fails_in_a_file_is_named_with_its_line(
    file: Callable[[str], str],
) -> None:
    path = file(PLUGIN)
    with pytest.raises(PluginError) as caught:
        load_plugin(path, start="-11")
    assert str(caught.value) == (
        f"plugin {path!r}: cannot be started: KeyError: -11 ({path}, line 7)"
    )
    with pytest.raises(PluginError, match=r"by zero \(.*mine\.py, line 2\)"):
        load_plugin(file("\n1 / 0\n"))


FAILS = """
import json
def read(text): return json.loads(text)
def replay_text(message): read(message.content)
class Fails:
    def replay_close(self): read("")
"""


@pytest.mark.parametrize(
    ("suffix", "hook"), [("", "replay_text, event 0"), ("::Fails", "replay_close")]
)
def test_a_hook_that_fails_is_named_with_the_line_of_its_own_file(
    file: Callable[[str], str], suffix: str, hook: str
) -> None:
    path = file(FAILS)
    name = "Fails" if suffix else path
    session = replay.Session("s", events=[replay.Text("{")])
    plugin = load_plugin(path + suffix)
    with (
        pytest.raises(PluginError, match=r"\(char [01]\)") as caught,
        replay.ReplayEngine([plugin]) as engine,
    ):
        engine.replay(session)
    place = "" if suffix else "session 's', "
    place += f"plugin {name!r}, hook {hook}"
    assert str(caught.value).startswith(f"{place}: JSONDecodeErr")
    assert str(caught.value).endswith(f" ({path}, line 3)")


def test_a_file_without_hooks_is_named_as_its_user_named_it(
    file: Callable[[str], str],
) -> None:
    path = file("class Helper: pass\n")
    with pytest.raises(PluginError) as caught:
        replay.ReplayEngine([load_plugin(path)])
    assert str(caught.value).startswith(f"plugin {path!r}: has no hooks (its functions")


def test_a_file_can_be_a_plugin_twice_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "m#1.py"
    path.write_text("def replay_text(): pass\n", encoding="utf-8")
    plugins = [load_plugin(path), load_plugin(path), load_plugin(path)]
    engine = replay.ReplayEngine(plugins, time_plugins=True)
    report = engine.replay(replay.Session("s", events=[replay.Text("a")]))
    assert report.seconds is not None
    assert {*report.seconds} == {str(path), f"{path}#2", f"{path}#3"}


@pytest.mark.parametrize("suffix", ["", "::Counts"])
def test_a_class_in_a_file_works_in_a_batch(
    file: Callable[[str], str], tmp_path: Path, suffix: str
) -> None:
    code = "\n    def replay_close(self): print('count', self.count, flush=True)\n"
    path = file(PLUGIN.replace("\nclass Helper", f"{code}class Helper")) + suffix
    (tmp_path / "a.json").write_text('[{"type": "text", "content": "x"}]')
    plugins = [(path, {"start": "1"})]
    report = replay.replay_many(tmp_path / "a.json", plugins)
    assert (report.replayed, report.failed) == (1, 0)


def test_a_class_in_a_file_is_a_backend(file: Callable[[str], str]) -> None:
    path = file(BACKEND)
    assert text_at(f"{path}::Words:a:b.py::C:d") == "a:b.py::C:d"
    assert text_at(f"{path}::Words") == text_at(f"{path}::Words:") == ""
    assert names_backend(f"{path}::Words:x")


def test_a_backend_in_a_file_that_cannot_be_used_is_told(
    file: Callable[[str], str],
) -> None:
    path = file(BACKEND)
    with pytest.raises(BackendError, match="a location is needed after the colon"):
        replay.open(f"{path}::Needy:")
    with pytest.raises(UnknownNameError, match="has no class 'Word'"):
        replay.open(f"{path}::Word:x")
    with pytest.raises(BackendError, match=r"ZeroDivisionError.*\(.*mine\.py, line 5"):
        replay.open(f"{path}::Words:!")
    with pytest.raises(BackendError, match=r"none\.py::A'.*there is no such file"):
        replay.open("none.py::A:x")
