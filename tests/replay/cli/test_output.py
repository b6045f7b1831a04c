"""Standard output that cannot be written to."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TEXT = {"type": "text", "content": "word"}


def run_in_shell(redirection: str, path: Path) -> tuple[int, str]:
    """Run the command with its standard output redirected by a shell."""
    line = f'exec "$0" -m replay transcript "$1" {redirection}'
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/sh", "-c", line, sys.executable, path],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_an_error(session_file: Callable[..., Path]) -> None:
    assert run_in_shell(">/dev/full", session_file(TEXT)) == (
        2,
        "replay: error: standard output: no space left on device\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_an_error_in_the_midst_of_writing(
    session_file: Callable[..., Path],
) -> None:
    long = {"type": "text", "content": "word " * 100_000}
    assert run_in_shell(">/dev/full", session_file(long))[0] == 2


def test_closed_output_is_an_error(session_file: Callable[..., Path]) -> None:
    assert run_in_shell(">&-", session_file(TEXT)) == (
        2,
        "replay: error: standard output: bad file descriptor\n",
    )


def test_closed_output_is_no_error_where_nothing_is_written(
    session_file: Callable[..., Path], tmp_path: Path
) -> None:
    redirection = f"-o '{tmp_path / 'out.txt'}' >&-"
    assert run_in_shell(redirection, session_file(TEXT)) == (0, "")


def test_nobody_hears_of_an_error_where_standard_error_is_closed() -> None:
    assert run_in_shell("2>&-", Path("missing.json")) == (2, "")
