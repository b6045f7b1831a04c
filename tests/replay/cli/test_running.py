"""One run of the command, from its arguments to its exit code."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from replay_command import Run

TEXT = {"type": "text", "content": "Grüße 世界 \U0001f600"}


def test_work_that_is_done_exits_with_0(
    run: Run, session_file: Callable[..., Path]
) -> None:
    done = run("transcript", session_file(TEXT))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_printed(run: Run) -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("replay ")


def test_without_arguments_the_help_is_shown(run: Run) -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "transcript" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["bogus"], "No such command 'bogus' (see replay --help)"),
        (["ls"], "Missing argument 'LOCATION' (see replay ls --help)"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(
    run: Run, arguments: list[str], problem: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"replay: error: {problem}\n"


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_output_is_utf_8_whatever_the_locale(
    process: Run, session_file: Callable[..., Path], locale: dict[str, str]
) -> None:
    done = process("transcript", session_file(TEXT), env=locale)
    assert "    Grüße 世界 \U0001f600\n" in done.stdout
    assert done.returncode == 0


def test_errors_are_utf_8_whatever_the_locale(process: Run) -> None:
    done = process("transcript", "Grüße", env={"PYTHONIOENCODING": "ascii"})
    assert done.stderr == "replay: error: Grüße: no such file or directory\n"


def test_a_traceback_is_shown_when_it_is_asked_for(run: Run) -> None:
    done = run("--traceback", "transcript", "missing.json")
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.endswith("missing.json: no such file or directory\n")


def modules_of(*arguments: str) -> set[str]:
    """Return the modules that a run of the command has imported."""
    program = (
        "import sys; from replay.cli import main\n"
        "try: main()\n"
        "finally: print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return set(done.stderr.split())


def test_the_version_needs_neither_rich_nor_the_engine() -> None:
    needless = {
        "rich",
        "replay.engine",
        "replay.codec",
        "msgspec",
        "cattrs",
        "pluggy",
    }
    assert not modules_of("--version") & needless


def test_the_version_does_not_look_for_the_commands_of_others() -> None:
    assert "replay.registry" not in modules_of("--version")


def test_output_in_a_pipe_needs_no_rich(session_file: Callable[..., Path]) -> None:
    imported = modules_of("transcript", str(session_file(TEXT)))
    assert "replay.rendering" in imported
    assert "rich" not in imported
