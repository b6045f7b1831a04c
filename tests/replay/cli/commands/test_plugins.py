"""``replay plugins NAME``, which shows the options of a plugin, backend or format."""

import json
from pathlib import Path

import pytest

import replay
from registering import Install
from replay.cli.factory_options import FactoryOption, options_of
from replay.registry import EntryPointKind, names
from replay_command import Run

OLD = """
from __future__ import annotations
import pathlib
from typing import Optional
class Old:
    def __init__(self, path: pathlib.Path, *rest, width: int = 40, name="a b", **more):
        '''Make it.

        Args:
            path: Where to write;
                it is created.

            width (int): The ``width``.
        Raises:
            ValueError: Never.
        '''
    def replay_text(self): pass
"""
MAKER = '''
from typing import Literal, Optional
def maker(location, size: Optional[int] = None, kind: Literal["a", "b"] = "a"):
    """Make one.

    Args:
        location: Where.
        size: The size.
    """
'''


def test_the_options_of_a_plugin_are_a_row_each(run: Run) -> None:
    done = run("plugins", "transcript_writer")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows == [
        [
            "directory",
            "Path",
            "(required)",
            "Where to write; it is created if missing.",
        ],
        ["format", "text | markdown | json", "text", "text, markdown or json."],
    ]
    objects = [*map(json.loads, run("plugins", "usage", "--json").stdout.splitlines())]
    assert [(each["name"], each["default"]) for each in objects] == [
        ("json", "False"),
        ("output", "None"),
    ]


def test_the_options_of_a_class_in_a_file_come_from_its_init(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text(OLD, encoding="utf-8")
    for name in (str(path), f"{path}::Old"):
        assert options_of(name) == [
            FactoryOption("path", "Path", None, "Where to write; it is created."),
            FactoryOption("width", "int", "40", "The width."),
            FactoryOption("name", "", "a b", ""),
        ]


def test_the_options_of_a_backend_leave_its_location_out(
    install: Install, tmp_path: Path
) -> None:
    install("other", MAKER, backend="maker")
    path = tmp_path / "mine.py"
    path.write_text(f"{OLD}    def summaries(self): ...\n", encoding="utf-8")
    assert [each.name for each in options_of(f"{path}::Old")] == ["width", "name"]
    assert options_of("maker") == [
        FactoryOption("size", "int | None", "None", "The size."),
        FactoryOption("kind", "a | b", "a", ""),
    ]


def test_functions_as_hooks_take_no_options(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def replay_text(): pass\n", encoding="utf-8")
    done = run("plugins", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"replay: note: {path} takes no options\n"


@pytest.mark.parametrize("kind", ["plugin", "backend"])
def test_every_option_of_the_built_ins_has_a_type_and_a_meaning(
    kind: EntryPointKind,
) -> None:
    for name in names(kind):
        for option in options_of(name):
            assert option.type, (name, option)
            assert option.meaning, (name, option)


def test_all_formats_have_the_options_of_the_backend_for_files(run: Run) -> None:
    for name in (
        "codex",
        f"{Path(__file__).parents[4]}/examples/formats/diary.py::Diary",
    ):
        lines = run("plugins", name).stdout.splitlines()
        found = [line.partition("\t")[0] for line in lines]
        assert found == ["strict", "limits", "nan", "keep", "branches"]


def test_a_misspelt_name_is_refused_with_the_nearest_plugin_or_backend(
    run: Run,
) -> None:
    for given, meant in (
        ("usge", "usage"),
        ("json_fiel", "json_file"),
        ("cdex", "codex"),
    ):
        done = run("plugins", given)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"did you mean {meant!r}?" in done.stderr


def test_a_command_is_told_as_one(run: Run) -> None:
    done = run("plugins", "audit")
    assert (done.returncode, done.stdout) == (2, "")
    told = "'audit' is a command, not a plugin, backend or format"
    assert done.stderr == f"replay: error: {told} (see replay audit --help)\n"


def test_what_cannot_be_loaded_is_an_error_that_names_it(install: Install) -> None:
    install("other", "mine = 1 / 0", plugin="mine")
    with pytest.raises(replay.PluginError, match=r"'mine': .*ZeroDivisionError"):
        options_of("mine")
