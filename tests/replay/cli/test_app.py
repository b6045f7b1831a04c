"""A run of the command: names, usage, streams, and other packages' commands."""

import json
import logging
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from registering import register
from replay.cli.app import LogOutput
from replay_command import Run

SessionFile = Callable[..., Path]
Installed = Callable[..., Run]
TEXT = {"type": "text", "content": "Grüße 世界 \U0001f600"}

GREET = """
import click

@click.command()
@click.argument("name")
@click.option("--code", type=int)
def greet(name, code):
    "Greet somebody."
    click.echo(f"Hello, {name}!")
    return code or name

@click.command()
def ls():
    click.echo("not ours")
"""


def test_the_version_and_without_arguments_the_help_are_printed(run: Run) -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"replay {version('chat-replay')}\n"
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "transcript" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["bogus"], "No such command 'bogus' (see replay --help)"),
        (["ls"], "Missing argument 'LOCATION...' (see replay ls --help)"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(
    run: Run, arguments: list[str], problem: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"replay: error: {problem}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("transcrpt x", "transcrpt: did you mean transcript? (see replay --help)"),
        ("transcript x --format mrkdown", "json: did you mean markdown? (see "),
        ("run x --plugni y", "--plugni: did you mean --plugin? (see replay run"),
        ("completion cmd", "zsh, fish (see "),
    ],
)
def test_a_misspelt_command_or_choice_is_refused_with_the_nearest(
    run: Run, arguments: str, told: str
) -> None:
    done = run(*arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr.replace("'", "")  # older clicks quote no option


GROUPS = '''
import click

@click.group()
def outer():
    """Do things.

    Many of them.
    """

@outer.group()
def inner(): pass

@inner.command()
def leaf(): pass
'''


def test_a_group_without_a_subcommand_prints_its_help(installed: Installed) -> None:
    run = installed(GROUPS, "outer")
    for words in (["audit"], ["outer"], ["outer", "inner"]):
        done, help_text = run(*words), run(*words, "--help").stdout
        assert (done.returncode, done.stdout, done.stderr) == (2, "", help_text)
        assert "\n\nCommands:\n  " in help_text


def test_the_second_name_is_shown_where_it_was_typed() -> None:
    program = Path(sysconfig.get_path("scripts"), "chat-replay")
    done = subprocess.run(  # noqa: S603 - our own command
        [program, "ls"], capture_output=True, check=False, encoding="utf-8"
    )
    problem = (
        "replay: error: Missing argument 'LOCATION...' (see chat-replay ls --help)\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", problem)


def test_every_command_explains_a_location(run: Run) -> None:
    for name in (
        "transcript",
        "ls",
        "run",
        "copy",
        "convert",
        "record",
        "check",
        "serve",
    ):
        assert "LOCATION is a file, a directory" in run(name, "--help").stdout


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_output_is_utf_8_whatever_the_locale(
    process: Run, session_file: SessionFile, locale: dict[str, str]
) -> None:
    done = process("transcript", session_file(TEXT), env=locale)
    assert "    Grüße 世界 \U0001f600\n" in done.stdout


def test_errors_are_utf_8_whatever_the_locale(process: Run) -> None:
    done = process("transcript", "Grüße", env={"PYTHONIOENCODING": "ascii"})
    assert done.stderr == "replay: error: Grüße: no such file or directory\n"


def test_a_traceback_is_shown_when_it_is_asked_for(run: Run) -> None:
    done = run("--traceback", "transcript", "missing.json")
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.endswith("missing.json: no such file or directory\n")


def modules_of(*arguments: str) -> set[str]:
    """Return the modules that a run of the command imports."""
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


def test_nothing_is_imported_that_is_not_needed(session_file: SessionFile) -> None:
    needless = {"rich", "replay.engine", "replay.codec", "replay.registry"}
    needless |= {"msgspec", "cattrs", "pluggy"}
    assert not modules_of("--version") & needless
    imported = modules_of("transcript", str(session_file(TEXT)))
    assert "replay.rendering" in imported
    assert "rich" not in imported


def test_a_log_record_is_one_line_that_is_safe_to_look_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = logging.makeLogRecord(
        {"msg": "id %s", "args": ("\x1b[2J\nforged",), "levelname": "WARNING"}
    )
    LogOutput().emit(record)
    assert capsys.readouterr().err == "replay: warning: id ␛[2J␊forged\n"


def test_information_that_the_library_logs_is_a_note(
    run: Run, session_file: SessionFile
) -> None:
    folder = session_file(TEXT).parent
    (folder / "notes.md").touch()
    for command in ("ls", "check", "run --plugin usage", "run --plugin usage --jobs 1"):
        lines = run(*command.split(), folder).stderr.splitlines()
        note = f"{folder}: 1 file of another kind was not read (1 .md)"
        assert [line for line in lines if "kind" in line] == [f"replay: note: {note}"]
    done = run("ls", folder, "--option", "pattern=*.json")
    assert done.stdout
    assert not done.stderr


def test_what_the_library_logs_goes_to_standard_error(
    run: Run, session_file: SessionFile, tmp_path: Path
) -> None:
    plugin = tmp_path / "fails.py"
    plugin.write_text("def replay_event(): raise KeyError\n", encoding="utf-8")
    path = session_file(*[TEXT] * 10)
    done = run("run", path, "--plugin", plugin, "--on-plugin-error", "isolate")
    first, *_ = done.stderr.splitlines()
    assert first.startswith("replay: error: plugin ")
    assert first.endswith(" failed 10 times and is called no more")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shells_script_completes_both_names(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert done.stdout.count(f"_REPLAY_COMPLETE={shell}_complete") == 2
    assert "chat-replay" in done.stdout
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=done.stdout, check=True, encoding="utf-8")  # noqa: S603 - a shell


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("begun", "expected"),
    [("claude-c", "-o nospace\nclaude-code:\n"), ("--fail-f", "--fail-fast\n")],
)
def test_bash_puts_no_space_behind_the_name_of_a_format(
    run: Run, begun: str, expected: str
) -> None:
    asked = f"""
        compopt() {{ echo "$@"; }}
        COMP_WORDS=(replay ls {begun}) COMP_CWORD=2
        _replay_completion {sysconfig.get_path("scripts")}/replay
        echo "${{COMPREPLY[@]}}"
    """
    script = run("completion", "bash").stdout + asked
    done = subprocess.run(
        ["bash"],  # noqa: S607 - as it is found
        input=script,
        check=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
    )
    assert done.stdout == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("replay tr", "plain,transcript\n"),
        ("replay transcript --form", "plain,--format\n"),
        ("replay transcript --format mark", "plain,markdown\n"),
        ("replay transcript exam", "file,exam\n"),
        ("replay transcript exampl", "file,exampl\n"),
        ("replay ls c", "plain,claude-code:\nplain,codex:\n"),
        ("replay ls json_", "plain,json_file:\n"),
        ("replay ls no", "file,no\n"),
    ],
)
def test_words_are_completed(
    run: Run,
    words: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "no.json").touch()
    (tmp_path / "examples").touch()
    monkeypatch.chdir(tmp_path)
    asked = {
        "_REPLAY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    assert run(env=asked).stdout == expected


@pytest.fixture
def installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Run
) -> Callable[..., Run]:
    """Return a function that installs a package and returns a runner of the command."""

    def installed(
        code: str, name: str, package: str = "theirs", kind: str = "command"
    ) -> Run:
        register(monkeypatch, tmp_path / package, package, code, **{kind: name})
        return run

    return installed


def test_what_is_installed_is_listed_with_its_error(installed: Installed) -> None:
    run = installed("1 / 0", "boom", kind="plugin")
    rows = [line.split("\t") for line in run("plugins").stdout.splitlines()]
    ours = version("chat-replay")
    assert ["backend", "json_file", ours, "chat-replay", ""] in rows
    assert ["plugin", "usage", ours, "chat-replay", ""] in rows
    found = map(json.loads, run("plugins", "--json").stdout.splitlines())
    assert [each for each in found if each["error"]] == [
        {
            "kind": "plugin",
            "name": "boom",
            "version": "1.2",
            "origin": "theirs",
            "error": "cannot be imported: ZeroDivisionError: division by zero",
        }
    ]


def test_another_packages_command_is_used_by_its_name(installed: Installed) -> None:
    run = installed(GREET, "greet")
    done = run("greet", "Ann")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, Ann!\n", "")
    assert run("greet", "Ann", "--code", "1").returncode == 1
    told = "replay: error: Missing argument 'NAME' (see replay greet --help)\n"
    done = run("greet")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
    lines = [line.split(maxsplit=1) for line in run("--help").stdout.splitlines()]
    assert ["greet", "Greet somebody."] in lines


def test_built_in_commands_are_never_replaced(installed: Installed) -> None:
    run = installed(GREET, "ls")
    assert "not ours" not in run("ls", "examples/two_turns.json").stdout
    assert run("--help").stdout.count("\n  ls ") == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "raise ValueError('\\x1b[31m')",
            "'replay boom': cannot be imported: ValueError: ␛[31m",
        ),
        ("boom = list", "'replay boom': it isn't a click command"),
        (
            "import replay; raise replay.UnsupportedError('boom', 'extra is missing')",
            "boom: extra is missing",
        ),
    ],
)
def test_a_broken_command_is_reported_when_used_and_harms_no_other(
    installed: Installed, code: str, told: str
) -> None:
    installed(GREET, "greet")
    run = installed(code, "boom", package="broken")
    done = run("boom", "--any", "thing", "--help")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert run("greet", "Ann").stdout == "Hello, Ann!\n"
    help_text = run("--help").stdout
    assert "Greet somebody." in help_text
    assert "\n  boom " in help_text
    assert "\x1b" not in help_text + done.stderr
