"""The extra that serving needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from replay.serving.extra import require_extra

#: An import that is blocked so fails as if nothing were installed.
WITHOUT = (
    "import sys; sys.modules[sys.argv.pop(1)] = None\n"
    "from replay.cli import main; main()"
)


def test_where_it_is_installed_nothing_happens() -> None:
    require_extra()


@pytest.mark.parametrize("name", ["starlette", "uvicorn"])
def test_where_it_is_missing_one_line_tells(folder: Path, name: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", WITHOUT, name, "serve", folder],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"replay: error: replay serve: {name} is needed, and cannot be imported "
        '(pip install "chat-replay[serve]")\n'
    )
