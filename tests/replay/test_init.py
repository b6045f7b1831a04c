import ast
import subprocess
import sys
from pathlib import Path

import pytest

import replay

FOLDER = Path(replay.__file__).parent


def run(program: str) -> str:
    """Return what *program* prints in a Python of its own."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own words


def test_the_public_names_are_sorted_and_given_once() -> None:
    assert replay.__all__ == sorted(set(replay.__all__))


def test_a_public_name_can_be_had() -> None:
    assert not [name for name in replay.__all__ if getattr(replay, name) is None]


def test_type_checkers_are_told_of_every_public_name() -> None:
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    told = [
        name.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if node.module and node.module.startswith("replay.")
    ]
    assert sorted(map(str, told)) == replay.__all__


def test_no_module_bears_a_public_name() -> None:
    modules = {path.stem for path in FOLDER.iterdir()}
    assert modules.isdisjoint(replay.__all__)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'replay' has no attribute 'opne'"):
        replay.opne  # type: ignore[attr-defined]  # noqa: B018 - what the test is about


def test_the_public_names_are_listed() -> None:
    assert set(replay.__all__) <= set(dir(replay))


def test_a_star_import_brings_the_public_names() -> None:
    assert run("from replay import *; print(loads('[]').session_id)") == "session\n"


def test_importing_the_package_imports_nothing_of_it() -> None:
    program = "import sys, replay; print([m for m in sys.modules if 'replay.' in m])"
    assert run(program) == "[]\n"


def test_reading_a_session_imports_neither_the_terminal_nor_the_plugins() -> None:
    program = (
        "import sys, replay; replay.loads('[]');"
        "print({'click', 'rich', 'pluggy', 'requests'} & set(sys.modules))"
    )
    assert run(program) == "set()\n"
