"""The pages' code blocks, run to check what they show.

Each page's blocks run in order, in a directory that holds a copy of examples/:

- a block that begins with ``# some/file.name`` is saved as that file;
- ``python`` is run, in one namespace for the whole page;
- ``pycon`` is a doctest in that namespace;
- ``console`` runs its ``$`` lines, each in a shell, or in this process if it is
  ``replay`` and plain words; the last of them must succeed, and output that the block
  shows is compared, with ``...`` standing for anything.

Blocks in other languages aren't run: ``sh`` is for commands that need the network. The
service, ``llamacloud:``, is a server on this machine.
"""

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import attrs
import click
import pytest

from chat_api import ExampleService
from http_server import KEY, serving
from replay.cli.app import command
from replay_command import run_here

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^(`{3,})(\w+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
PLAIN = re.compile(r"replay [\w./:=, -]+\n")  # nothing for a shell to do
FILE_NAME = re.compile(r"# ([\w./-]+\.\w+)\n")


@attrs.frozen
class Block:
    """A fenced code block of a page."""

    page: Path
    line: int  #: of its first line of code, from 0
    language: str
    code: str

    def run(self, namespace: dict[str, object]) -> None:
        """Run the block as this module's docstring says."""
        assert not self.code.startswith("# not run"), "every block is run"
        if file_name := FILE_NAME.match(self.code):
            path = Path(file_name[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.code, encoding="utf-8")
        elif self.language == "python":
            source = "\n" * self.line + self.code
            exec(compile(source, self.page, "exec"), namespace)  # noqa: S102 -- ours
        elif self.language == "pycon":
            self._run_doctest(namespace)
        elif self.language == "console":
            self._run_console()

    def _run_doctest(self, namespace: dict[str, object]) -> None:
        parser = doctest.DocTestParser()
        test = parser.get_doctest(
            self.code, namespace, self.page.name, str(self.page), self.line
        )
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        failed = runner.run(test, out=report.append, clear_globs=False).failed
        assert not failed, "".join(report)
        namespace.update(test.globs)

    def _run_console(self) -> None:
        lines = self.code.splitlines(keepends=True)
        shown = "".join(line for line in lines if not line.startswith("$ "))
        done = [printed_by(line[2:]) for line in lines if line.startswith("$ ")]
        printed = "".join(output for _, output in done)
        assert done[-1][0] == 0, printed
        if shown and not matches(shown, printed):
            assert printed == shown


def printed_by(command: str) -> tuple[int, str]:
    """Run a command, and return its exit code and output."""
    if PLAIN.fullmatch(command):
        done = run_here(*command.split()[1:])
        return done.returncode, done.stderr + done.stdout
    scripts = sysconfig.get_path("scripts")
    done = subprocess.run(  # noqa: S603 -- the pages are ours
        ["/bin/sh", "-c", command],
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def matches(shown: str, printed: str) -> bool:
    """Tell whether *printed* matches the page, where ``...`` stands for anything."""
    return doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS)


def blocks(page: Path) -> Iterator[Block]:
    """Yield the code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start(3))
        yield Block(page, line, fence[2], fence[3])


PAGES = [ROOT / "README.md", *ROOT.glob("*s/README.md"), *ROOT.glob("docs/**/*.md")]
#: Pages that run servers, pytest, batches or many commands.
SLOW = {
    *("docs/tutorial.md", "docs/reference/command.md"),
    *("docs/how-to/redact-sessions.md", "docs/how-to/replay-many-sessions.md"),
    *("docs/how-to/test-with-recordings.md", "docs/how-to/test-your-agent-offline.md"),
    "docs/how-to/write-a-backend.md",
}


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in a directory with a copy of examples/; forget modules imported there."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def _service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make `llamacloud:` a local server with one session."""
    session = json.loads((ROOT / "examples" / "two_turns.json").read_bytes())
    service = ExampleService(session)
    with serving(service) as server:
        service.url = server.url
        monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", server.url)
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
        yield


@pytest.mark.usefixtures("away", "_service")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path in SLOW else [], id=path)
        for path in (str(page.relative_to(ROOT)) for page in PAGES)
    ],
)
def test_what_a_page_shows_is_what_happens(page: str) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(ROOT / page):
        block.run(namespace)


def commands(group: click.Group, *before: str) -> Iterator[str]:
    """Yield all sub-commands, such as ``audit verify``."""
    context = click.Context(group)
    for name in group.list_commands(context):
        yield " ".join((*before, name))
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *before, name)


def test_the_page_of_the_command_has_the_help_of_each() -> None:
    page = (ROOT / "docs" / "reference" / "command.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```{command-help} (.*)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(commands(command))


def test_no_link_of_the_readme_needs_the_repository() -> None:
    """The package index shows this page, and no other file."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]*)\)", page)
    assert [each for each in links if not each.startswith(("https://", "#"))] == []
