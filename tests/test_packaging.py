"""The laws of the house: what may import what, what is public, what is installed."""

import ast
import doctest
import graphlib
import importlib
import importlib.util
import itertools
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

PACKAGES = ("replay", "replay_backends", "replay_plugins")

#: Which modules may import a dependency, where not all may.
DOORS = {
    "cattrs": ("replay.codec.structure",),
    "click": (
        "replay.cli",
        "replay_plugins.audit_log.cli",
        "replay_plugins.audit_log.cli.command",
    ),
    "cryptography": ("replay_plugins.audit_log.format.keys",),
    "distributed": ("replay.batch.executor_pool",),
    "fsspec": ("replay_backends.remote",),
    "h11": ("replay.testing.server",),
    "pluggy": ("replay.engine.hookspecs", "replay.engine.plugin_set"),
    "pydantic": ("replay.testing.server",),
    "requests": ("replay_backends.http",),
    "rich": ("replay.cli",),
    "starlette": ("replay.testing.server",),
    "tenacity": ("replay_backends.http",),
    "urllib3": ("replay_backends.http",),
}

#: Later modules may import earlier ones, never the other way round.
ORDER = (
    ("replay.errors", "replay.model.events"),
    ("replay.model.sessions", "replay.model.messages"),
    ("replay.codec.structure", "replay.coalescing.walk"),
    (
        "replay.coalescing.transcripts",
        "replay.sources.source",
        "replay.engine.hookspecs",
    ),
    ("replay.engine.plugin_set",),
    ("replay.engine.engine",),
    ("replay.cli",),
)


def names_of_modules() -> Iterator[str]:
    """Yield the name of every module that is installed with the project."""
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


@cache
def imports_of(module: str) -> tuple[str, ...]:
    """Return the full name of whatever a module's text imports, at any depth."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names += (f"{origin_of(node, module)}.{name.name}" for name in node.names)
    return tuple(names)


def origin_of(node: ast.ImportFrom, module: str) -> str:
    """Return the full name of the module that a ``from`` import reads."""
    if not node.level:
        return node.module or ""
    is_package = path_of(module).name == "__init__.py"
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *filter(None, [node.module])])


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    """Tell whether a dotted name is one of *packages* or lies in one."""
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def unit_of(name: str) -> str:
    """Return the part of `replay` that a dotted name belongs to."""
    unit = ".".join(name.split(".")[:2])
    return unit if unit in MODULES else "replay"


def test_imports_point_one_way() -> None:
    assert set(itertools.chain(*ORDER)) <= set(MODULES)
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        wanted = {unit_of(n) for n in imports_of(module) if is_within(n, ("replay",))}
        graph.setdefault(unit_of(module), set()).update(wanted - {unit_of(module)})
    for earlier, later in itertools.pairwise(ORDER):
        for unit in later:
            graph.setdefault(unit, set()).update(earlier)
    graphlib.TopologicalSorter(graph).prepare()


def test_the_engine_imports_no_backend_and_no_plugin() -> None:
    engine = [module for module in MODULES if is_within(module, ("replay",))]
    imported = [(module, name) for module in engine for name in imports_of(module)]
    assert not [pair for pair in imported if is_within(pair[1], PACKAGES[1:])]


def test_a_dependency_has_one_door() -> None:
    imported = [(module, name) for module in MODULES for name in imports_of(module)]
    for dependency, doors in DOORS.items():
        users = {module for module, name in imported if is_within(name, (dependency,))}
        assert not [user for user in users if not is_within(user, doors)], dependency


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
    """Return the entry points that this project itself registers in a group."""
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
                "abfs",
                "az",
                "fixture_directory",
                "gcs",
                "gs",
                "http",
                "https",
                "json_file",
                "llamacloud",
                "llamacloud-eu",
                "memory",
                "s3",
                "zip",
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
