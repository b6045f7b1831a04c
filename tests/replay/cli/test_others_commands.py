"""Sub-commands of other packages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registering import register
from replay_command import Run

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


@pytest.fixture
def installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Run
) -> Callable[..., Run]:
    """Return what installs a package, and returns what runs the command with it."""

    def installed(code: str, name: str, package: str = "theirs") -> Run:
        register(monkeypatch, tmp_path / package, package, code, command=name)
        return run

    return installed


def test_a_command_is_used_by_the_name_that_its_package_registers(
    installed: Callable[..., Run],
) -> None:
    done = installed(GREET, "greet")("greet", "Ann")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, Ann!\n", "")


def test_what_a_command_returns_is_its_exit_code_where_it_is_a_number(
    installed: Callable[..., Run],
) -> None:
    assert installed(GREET, "greet")("greet", "Ann", "--code", "1").returncode == 1


def test_wrong_usage_of_it_is_told_as_of_ours(installed: Callable[..., Run]) -> None:
    done = installed(GREET, "greet")("greet")
    told = "replay: error: Missing argument 'NAME' (see replay greet --help)\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


def test_it_is_listed_in_the_help(installed: Callable[..., Run]) -> None:
    done = installed(GREET, "greet")("--help")
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert ["greet", "Greet somebody."] in lines


def test_ours_are_never_replaced(installed: Callable[..., Run]) -> None:
    run = installed(GREET, "ls")
    assert "not ours" not in run("ls", "examples/two_turns.json").stdout
    assert run("--help").stdout.count("\n  ls ") == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "'replay boom': cannot be imported: ZeroDivisionError: "),
        ("boom = list", "'replay boom': it is no command of click"),
        (
            "import replay; raise replay.UnsupportedError('boom', 'extra is missing')",
            "boom: extra is missing",
        ),
    ],
)
def test_a_broken_one_is_told_when_it_is_used_and_harms_no_other(
    installed: Callable[..., Run], code: str, told: str
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


def test_what_a_broken_one_says_cannot_steer_the_terminal(
    installed: Callable[..., Run],
) -> None:
    run = installed("raise ValueError('\\x1b[31m')", "boom")
    assert "\x1b" not in run("--help").stdout
    assert "\x1b" not in run("boom").stderr


def test_two_packages_that_register_one_name_are_both_named(
    installed: Callable[..., Run],
) -> None:
    installed(GREET, "greet", package="this")
    done = installed(GREET, "greet", package="that")("greet", "Ann")
    assert done.returncode == 2
    assert "uninstall one" in done.stderr
