"""The plugins of a batch: named by its user, made anew in each worker."""

import os
from pathlib import Path
from typing import Any

import attrs
import pytest

from registering import Install
from replay import UnknownNameError
from replay.batch.plugin_specs import (
    merging_plugins,
    plugins_key,
    specs_of,
    workers_plugin,
)
from replay.batch.tasks import Job
from replay.model.limits import Limits
from replay_plugins.usage import Usage

OTHERS = """
class Worker:
    def __init__(self, top: int = 1):
        self.top = top

    def replay_batch_result(self):
        return self.top

class mine:
    batch_worker = Worker

    def __init__(self, top: int = 1):
        raise AssertionError("workers have no use for it")

    def replay_batch_merge(self, results):
        pass
"""


def job(*plugins: Any, strict: bool = False) -> Job:  # noqa: ANN401 - any plugin
    return Job("here", {}, specs_of(plugins), strict=strict)


# Names


def test_a_name_has_no_options_and_the_version_of_its_package(
    install: Install,
) -> None:
    install("others", OTHERS, plugin="mine")
    (one, other) = specs_of(["mine", ("mine", {"top": 2})])
    assert (one.name, one.options, one.version) == ("mine", {}, "1.2")
    assert (other.name, other.options) == ("mine", {"top": 2})


def test_a_file_is_found_from_anywhere_and_its_content_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("one")
    (before,) = specs_of(["a.py"])
    assert before.name == os.fspath(tmp_path / "a.py")
    Path("a.py").write_text("two")
    assert specs_of(["a.py"]) != (before,)


@pytest.mark.parametrize(
    "plugin", [Usage(), ("usage",), ("usage", 1), (1, {}), ["usage", {}, {}]], ids=repr
)
def test_what_cannot_be_made_anew_is_refused(plugin: Any) -> None:  # noqa: ANN401 - all that is wrong
    with pytest.raises(TypeError, match="give a name, or a name and options, not"):
        specs_of([plugin])


# Workers


def test_a_worker_makes_it_of_its_options_as_they_may_be_typed(
    install: Install,
) -> None:
    usage = workers_plugin(specs_of([("usage", {"json": "yes"})])[0])
    assert isinstance(usage, Usage)
    assert usage.json is True
    install("others", OTHERS, plugin="mine")
    made: Any = workers_plugin(specs_of([("mine", {"top": "3"})])[0])
    assert (type(made).__name__, made.top) == ("Worker", 3), "as it names for workers"


def test_a_worker_is_told_of_what_is_wrong() -> None:
    with pytest.raises(UnknownNameError, match=r"no plugin 'usag'.*'usage'"):
        workers_plugin(specs_of(["usag"])[0])
    with pytest.raises(UnknownNameError, match=r"no option 'jsn'.*'json'"):
        workers_plugin(specs_of([("usage", {"jsn": True})])[0])


# The leader


def test_only_those_that_merge_are_made(tmp_path: Path) -> None:
    (tmp_path / "silent.py").write_text("def replay_text(): pass")
    (tmp_path / "merging.py").write_text("def replay_batch_merge(): pass")
    files = [str(tmp_path / name) for name in ("silent.py", "merging.py")]
    transcripts = ("transcript_writer", {"directory": str(tmp_path)})
    made = merging_plugins(specs_of([transcripts, "usage", *files]))
    assert [*made] == [1, 3]
    assert isinstance(made[1], Usage)


# What results are good for


def test_the_same_plugins_have_the_same_key_in_any_process() -> None:
    one = job("usage", ("usage", {"json": True, "output": None}))
    other = job(("usage", {}), ("usage", {"output": None, "json": True}))
    assert plugins_key(one) == plugins_key(other)
    assert len(plugins_key(one)) == 16


def test_other_plugins_options_or_versions_have_another_key() -> None:
    here = job("usage")
    (spec,) = here.plugins
    newer = attrs.evolve(here, plugins=(attrs.evolve(spec, version="next"),))
    others = [
        *(job(), job("usage", "usage"), job(("usage", {"json": True})), newer),
        *(job("redact"), job("usage", strict=True)),
    ]
    assert plugins_key(here) not in map(plugins_key, others)


def test_how_sessions_are_read_makes_a_difference() -> None:
    here = job("usage")
    for options in (
        *({"strict": True}, {"limits": Limits(depth=9)}, {"nan": "null"}),
        *({"format": "codex"}, {"keep": "all"}, {"branches": "all"}),
    ):
        assert plugins_key(here) != plugins_key(attrs.evolve(here, options=options))
    assert plugins_key(here) == plugins_key(attrs.evolve(here, options={"pattern": 1}))


def test_where_files_and_sessions_are_makes_no_difference(tmp_path: Path) -> None:
    keys = set()
    for folder in (tmp_path / "here", tmp_path / "there"):
        folder.mkdir()
        (folder / "mine.py").write_text("def replay_text(): pass")
        keys.add(plugins_key(job(str(folder / "mine.py"))))
    assert len(keys) == 1
    here = job("usage")
    assert plugins_key(here) == plugins_key(attrs.evolve(here, location="there"))
