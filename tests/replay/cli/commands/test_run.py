"""``replay run``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from replay_command import Run

File = Callable[..., Path]
TEXTS = [{"type": "text", "content": "one"}, {"type": "text", "content": "two"}]


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a plugin's file and returns its path."""

    def plugin(code: str) -> Path:
        path = tmp_path / "plugin.py"
        path.write_text(code, encoding="utf-8")
        return path

    return plugin


ODD_BACKEND = """
class Odd:
    def __init__(self, location): pass
    def summaries(self): raise KeyError("oh")
    def session(self, session_id): pass
    def close(self): pass
"""
PRINTS = "def replay_text(message): print(message.content)\n"
FAILS = "def replay_text(message): raise KeyError(message.content)\n"


def test_plugins_are_called_in_the_order_given(
    run: Run, session_file: File, tmp_path: Path
) -> None:
    options = []
    for name in ("zebra", "ape"):
        path = tmp_path / f"{name}.py"
        code = f"def replay_text(message): print({name!r}, message.content)\n"
        path.write_text(code, encoding="utf-8")
        options += ["--plugin", path]
    done = run("run", session_file(*TEXTS), *options)
    said = "zebra one\nape one\nzebra two\nape two\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_a_hook_that_fails_exits_with_1(
    run: Run, session_file: File, plugin: File
) -> None:
    done = run("run", session_file(*TEXTS), "--plugin", plugin(FAILS))
    assert done.returncode == 1
    assert done.stderr.count("replay: error: ") == done.stderr.count("\n") == 1
    assert "hook replay_text, event 0" in done.stderr
    assert "'one'" in done.stderr


def test_isolated_failures_are_told_at_the_end_and_exit_with_1(
    run: Run, session_file: File, plugin: File
) -> None:
    options = ["--plugin", plugin(FAILS), "--on-plugin-error", "isolate"]
    done = run("run", session_file(*TEXTS), *options)
    assert done.returncode == 1
    assert done.stderr.count("replay: error: ") == done.stderr.count("\n") == 2


@pytest.mark.parametrize("option", ["raise", "isolate"])
def test_a_failure_names_its_session(
    run: Run, session_file: File, plugin: File, option: str
) -> None:
    path = plugin("def replay_text(): 1 / 0\n")
    done = run(
        "run", session_file(*TEXTS), "--plugin", path, "--on-plugin-error", option
    )
    place = f"session 'ses-1', plugin '{path}', hook replay_text, event 0: Zero"
    assert done.stderr.startswith(f"replay: error: {place}")


def test_a_failure_after_all_sessions_names_none(
    run: Run, session_file: File, plugin: File
) -> None:
    path = plugin("def replay_close(): 1 / 0\n")
    done = run("run", session_file(*TEXTS), "--plugin", path)
    assert done.stderr.startswith(f"replay: error: plugin '{path}', hook replay_close")


def test_a_batch_names_the_session_of_a_failure_once(
    run: Run, session_file: File, plugin: File
) -> None:
    options = ("--plugin", plugin(FAILS), "--jobs=1")
    done = run("run", session_file(*TEXTS), *options)
    assert done.stderr.count("session 'ses-1'") == 1
    assert "plugin-error: plugin '" in done.stderr


def test_isolated_failures_are_told_if_a_later_session_cannot_be_read(
    run: Run, session_file: File, plugin: File, tmp_path: Path
) -> None:
    session_file(*TEXTS)
    (tmp_path / "torn.json").write_text("[", encoding="utf-8")
    options = ["--plugin", plugin(FAILS), "--on-plugin-error", "isolate"]
    done = run("run", tmp_path, *options)
    assert done.returncode != 0
    assert done.stderr.count("hook replay_text, event ") == len(TEXTS)
    assert "torn.json" in done.stderr


def test_a_backend_that_fails_is_named_not_called_a_bug_of_ours(
    run: Run, tmp_path: Path
) -> None:
    backend = tmp_path / "odd.py"
    backend.write_text(ODD_BACKEND, encoding="utf-8")
    done = run("run", f"{backend}::Odd:x", "--plugin", "usage")
    assert done.returncode == 2
    assert "backend 'Odd': cannot serve " in done.stderr
    assert "KeyError: 'oh'\n" in done.stderr


def test_strict_stops_at_whatever_is_odd(
    run: Run, session_file: File, plugin: File
) -> None:
    path = session_file({"type": "video"}, *TEXTS)
    assert run("run", path, "--plugin", plugin(PRINTS)).stdout == "one\ntwo\n"
    done = run("run", path, "--plugin", plugin(PRINTS), "--strict")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'video'" in done.stderr


@pytest.mark.parametrize(
    ("plugin", "problem"),
    [
        ("usge", "did you mean 'usage'?"),
        ("usage:jsn=true", "'jsn'"),
        ("missing.py", "there is no such file"),
        ("", "a plugin's name is empty"),
        ("usage:json=true,json=false", "'json' is given twice"),
        ("usage:output", "'output' has no value: usage:output=VALUE sets an option"),
        ("usage:json,output=x", "'json' has no value: usage:json=VALUE sets an option"),
        ("mine.py:Mine", "mine.py:Mine=VALUE sets an option, mine.py::Mine names"),
    ],
)
def test_a_plugin_that_cannot_be_used_exits_with_2(
    run: Run, session_file: File, plugin: str, problem: str
) -> None:
    done = run("run", session_file(), "--plugin", plugin)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_plugin_is_required(run: Run, session_file: File) -> None:
    done = run("run", session_file())
    assert done.returncode == 2
    assert "--plugin" in done.stderr
