"""What the sub-commands that read a location have in common."""

from pathlib import Path

import pytest

from replay_command import Run


@pytest.mark.parametrize(
    "command",
    [["transcript"], ["ls"], ["check"], ["run", "--plugin", "usage"]],
)
def test_a_directory_without_sessions_is_an_error(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    done = run(*command, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"replay: error: {tmp_path}: ")
    assert "JSON" in done.stderr
