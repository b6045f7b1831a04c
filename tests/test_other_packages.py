"""Other people's packages, installed with pip into a virtual environment."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from textwrap import dedent

import pytest

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
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment that holds this project and the package."""
    folder = tmp_path_factory.mktemp("theirs")
    environment = folder / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    _see_what_is_installed_here(environment)
    package = folder / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(dedent(PROJECT))
    (package / "theirs.py").write_text(dedent(MODULE))
    (package / "theirs_broken.py").write_text("1 / 0\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *offline, str(package)], check=True)  # noqa: S603 - our own words
    return python


def _see_what_is_installed_here(environment: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    place = environment / "lib" / version / "site-packages" / "here.pth"
    here = sysconfig.get_path("purelib")
    place.write_text(f"import site; site.addsitedir({here!r})\n")


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "pond.haiku"
    path.write_text("An old pond.\nA frog leaps in.\nThe sound of water.\n")
    return path


def replay(
    python: Path, *arguments: object, code: int = 0
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(  # noqa: S603 - our own words
        [python, "-I", "-m", "replay", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_what_a_package_registers_is_listed_with_its_errors(python: Path) -> None:
    lines = replay(python, "plugins").stdout.splitlines()
    listed = {tuple(line.split("\t")[:2]): line.split("\t")[2:] for line in lines}
    assert listed["backend", "haiku"] == ["1.2", "theirs", ""]
    assert listed["plugin", "shout"] == ["1.2", "theirs", ""]
    assert "ZeroDivisionError" in listed["backend", "broken_backend"][2]
    assert "ZeroDivisionError" in listed["plugin", "broken_plugin"][2]
    assert listed["command", "greet"] == ["1.2", "theirs", ""]
    assert "ZeroDivisionError" in listed["command", "broken_command"][2]
    assert ("backend", "json_file") in listed


def test_a_backend_is_used_by_what_it_claims(python: Path, poem: Path) -> None:
    assert "A frog leaps in." in replay(python, "transcript", poem).stdout


def test_a_backend_is_used_by_its_name(python: Path, poem: Path) -> None:
    assert "A frog leaps in." in replay(python, "transcript", f"haiku:{poem}").stdout


def test_a_plugin_is_used_by_its_name_with_its_options(
    python: Path, poem: Path
) -> None:
    done = replay(python, "run", poem, "--plugin", "shout:times=3")
    assert "A FROG LEAPS IN.!!!\n" in done.stdout


def test_a_command_is_used_by_its_name_and_listed_in_the_help(python: Path) -> None:
    assert replay(python, "greet", "Ann").stdout == "Hello, Ann!\n"
    assert "Greet somebody." in replay(python, "--help").stdout


def test_what_crashes_on_import_is_named_when_it_is_asked_for(
    python: Path, poem: Path
) -> None:
    done = replay(python, "run", poem, "--plugin", "broken_plugin", code=2)
    assert "'broken_plugin': cannot be imported: ZeroDivisionError" in done.stderr
    done = replay(python, "ls", f"broken_backend:{poem}", code=2)
    assert "'broken_backend': cannot be imported: ZeroDivisionError" in done.stderr
    done = replay(python, "broken_command", code=2)
    assert "broken_command': cannot be imported: ZeroDivisionError" in done.stderr


def test_another_backends_crash_disturbs_nobody(python: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.json"
    path.write_text('[{"type": "text", "content": "Ours."}]')
    assert "Ours." in replay(python, "transcript", path).stdout
