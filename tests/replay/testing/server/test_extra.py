"""The extra that serving needs."""

import sys
from pathlib import Path

import pytest

from replay.testing.server.settings import require_extra
from replay_command import Run


def test_where_it_is_installed_nothing_happens() -> None:
    require_extra()


@pytest.mark.parametrize("name", ["pydantic", "starlette"])
def test_where_it_is_missing_one_line_tells(
    monkeypatch: pytest.MonkeyPatch, run: Run, folder: Path, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    done = run("serve", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"replay: error: replay serve: {name} is needed, and cannot be imported "
        '(pip install "chat-replay[serve]")\n'
    )
