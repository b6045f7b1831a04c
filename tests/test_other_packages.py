"""Other people's packages, installed with pip."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from replay_command import Run

PROJECT = """
    [build-system]
    requires = ["setuptools"]
    build-backend = "setuptools.build_meta"

    [project]
    name = "theirs"
    version = "1.2"

    [project.entry-points."replay.backends"]
    haiku = "theirs:Haiku"
    broken_backend = "theirs_broken:Backend"

    [project.entry-points."replay.plugins"]
    shout = "theirs:Shout"
    broken_plugin = "theirs_broken:Plugin"

    [project.entry-points."replay.commands"]
    greet = "theirs:greet"
    broken_command = "theirs_broken:command"

    [tool.setuptools]
    py-modules = ["theirs", "theirs_broken"]
"""

MODULE = '''
    """A backend, a plugin and a command."""

    import click

    from replay import Session, SessionNotFoundError, Text, UserInput


    class Haiku:
        """Sessions by the lines of a text file."""

        def __init__(self, location, *, title="none"):
            self.location = location
            self.title = title

        @staticmethod
        def claims(path):
            return str(path).endswith(".haiku")

        def summaries(self):
            yield self.session("haiku").summary()

        def session(self, session_id):
            if session_id != "haiku":
                raise SessionNotFoundError(self.location, "there is one: haiku")
            with open(self.location, encoding="utf-8") as file:
                events = [UserInput("?"), *map(Text, file.read().splitlines())]
            return Session("haiku", generated_title=self.title, events=events)

        def close(self):
            pass


    class Shout:
        """Prints every text, louder."""

        def __init__(self, times: int = 1):
            self.times = times

        def replay_text(self, message):
            print(message.content.upper() + "!" * self.times)


    @click.command()
    @click.argument("name")
    def greet(name):
        """Greet somebody."""
        click.echo(f"Hello, {name}!")
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the package is installed in."""
    folder = tmp_path_factory.mktemp("theirs")
    package = folder / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(dedent(PROJECT))
    (package / "theirs.py").write_text(dedent(MODULE))
    (package / "theirs_broken.py").write_text("1 / 0\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    there = ["--target", str(folder / "installed")]
    subprocess.run([*pip, *offline, *there, str(package)], check=True)  # noqa: S603 - our own words
    return folder / "installed"


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch, place: Path, run: Run) -> Iterator[Run]:
    """Return a function that runs the command with the package installed."""

    def replay(
        *arguments: str | Path, code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        done = run(*arguments)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    monkeypatch.syspath_prepend(place)
    yield replay
    sys.modules.pop("theirs", None)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "pond.haiku"
    path.write_text("An old pond.\nA frog leaps in.\nThe sound of water.\n")
    return path


def test_what_a_package_registers_is_listed_with_its_errors(replay: Run) -> None:
    lines = replay("plugins").stdout.splitlines()
    listed = {tuple(line.split("\t")[:2]): line.split("\t")[2:] for line in lines}
    for kind, name in ("backend", "haiku"), ("plugin", "shout"), ("command", "greet"):
        assert listed[kind, name] == ["1.2", "theirs", ""]
        assert "ZeroDivisionError" in listed[kind, f"broken_{kind}"][2]
    assert ("backend", "json_file") in listed


def test_what_a_package_registers_is_used_by_its_name(replay: Run, poem: Path) -> None:
    for location in (poem, f"haiku:{poem}"):  # as it claims, and by name
        assert "A frog leaps in." in replay("transcript", location).stdout
    done = replay("run", poem, "--plugin", "shout:times=3")
    assert "A FROG LEAPS IN.!!!\n" in done.stdout
    assert replay("greet", "Ann").stdout == "Hello, Ann!\n"
    assert "Greet somebody." in replay("--help").stdout


def test_what_crashes_on_import_is_named_and_disturbs_no_other(
    replay: Run, poem: Path, tmp_path: Path
) -> None:
    told = "cannot be imported: ZeroDivisionError"
    done = replay("run", poem, "--plugin", "broken_plugin", code=2)
    assert f"'broken_plugin': {told}" in done.stderr
    done = replay("ls", f"broken_backend:{poem}", code=2)
    assert f"'broken_backend': {told}" in done.stderr
    done = replay("broken_command", code=2)
    assert f"broken_command': {told}" in done.stderr
    path = tmp_path / "ours.json"
    path.write_text('[{"type": "text", "content": "Ours."}]')
    assert "Ours." in replay("transcript", path).stdout
