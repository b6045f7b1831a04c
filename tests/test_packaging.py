"""The installed package: its types, examples and entry points."""

import ast
import doctest
import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

PACKAGES = ("replay", "replay_backends", "replay_plugins")


def names_of_modules() -> Iterator[str]:
    """Yield the name of every module of the installed project."""
    for package in map(importlib.import_module, PACKAGES):
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield found.name


MODULES = sorted(names_of_modules())


def path_of(module: str) -> Path:
    """Return the file of an installed module."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


@pytest.mark.parametrize(
    ("dependency", "door"),
    [("distributed", "replay.batch."), ("fsspec", "replay_backends.remote.")],
)
def test_what_is_imported_by_its_name_alone_has_one_door(
    dependency: str, door: str
) -> None:
    imports = re.compile(rf"""\b(import|from|import_module\()\W+{dependency}\b""")
    users = [name for name in MODULES if imports.search(path_of(name).read_text())]
    assert users
    assert all(name.startswith(door) for name in users)


def test_a_module_name_means_one_thing_and_a_folder_can_be_taken_in() -> None:
    shared = {"backend", "cli", "command", "errors", "plugin"}
    names = [path_of(name).stem for name in MODULES]
    assert {name for name in names if names.count(name) > 1} <= {*shared, "__init__"}
    folders = [name.rpartition(".")[0] for name in MODULES]
    assert max(map(folders.count, folders)) <= 16


def test_the_examples_in_docstrings_hold() -> None:
    shown = [name for name in MODULES if b">>> " in path_of(name).read_bytes()]
    assert shown
    for name in shown:
        assert not doctest.testmod(importlib.import_module(name)).failed, name


def test_a_package_says_that_it_is_typed() -> None:
    assert all(path_of(name).with_name("py.typed").is_file() for name in PACKAGES)


def test_a_package_of_built_ins_is_a_docstring_only() -> None:
    for package in PACKAGES[1:]:
        (only,) = ast.parse(path_of(package).read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr), package
        assert isinstance(only.value, ast.Constant), package
        assert isinstance(only.value.value, str), package


def built_ins(group: str) -> dict[str, EntryPoint]:
    """Return the entry points that this project registers in a group."""
    return {
        found.name: found
        for found in entry_points(group=group)
        if found.dist is not None and found.dist.name == "chat-replay"
    }


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (
            "replay.backends",
            {
                *("abfs", "az", "fixture_directory", "gcs", "gs", "http", "https"),
                *("json_file", "llamacloud", "llamacloud-eu", "memory", "s3", "zip"),
            },
        ),
        ("replay.commands", {"audit"}),
        ("replay.plugins", {"audit_log", "redact", "transcript_writer", "usage"}),
    ],
)
def test_the_built_ins_are_found_by_entry_point(group: str, names: set[str]) -> None:
    found = built_ins(group)
    assert set(found) == names
    assert all(callable(entry_point.load()) for entry_point in found.values())
