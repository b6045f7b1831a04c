"""A bar for work that takes more than a second, on a terminal only."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

from replay.cli.progress_bar import progress


@contextmanager
def reading_slowly(fifo: Path, *arguments: str | Path) -> Iterator[int]:
    """Let the command read a pipe; yield the terminal that is its standard error.

    The pipe has nothing to say until the block is left.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "replay", "transcript", fifo, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color"},
    ) as process:
        os.close(theirs)
        with fifo.open("wb") as writer:
            yield ours
            writer.write(b'[{"type": "text", "content": "x"}]')
        assert process.wait(60) == 0


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """Return what a terminal is sent, up to what is wanted at the least."""
    sent = b""
    while wanted not in sent:
        assert select.select([descriptor], [], [], 30)[0], sent
        sent += os.read(descriptor, 1 << 16)
    return sent


def rest_of(descriptor: int) -> bytes:
    """Return what a terminal is still sent, and close it."""
    sent = b""
    try:
        while piece := os.read(descriptor, 1 << 16):
            sent += piece
    except OSError:
        pass  # Linux: the other side has closed the terminal
    os.close(descriptor)
    return sent


def test_a_bar_appears_where_work_takes_long_and_goes_away(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with reading_slowly(fifo) as terminal:
        sent = read_until(terminal, b"0 sessions")
    sent += rest_of(terminal)
    screen = pyte.Screen(80, 24)
    pyte.ByteStream(screen).feed(sent)
    assert not "".join(screen.display).strip()
    assert not screen.cursor.hidden


def test_quick_work_shows_no_bar(
    on_terminal: Callable[..., tuple[int, str]],
    session_file: Callable[..., Path],
) -> None:
    assert on_terminal("check", session_file()) == (0, "")


def test_there_is_no_bar_where_standard_error_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("Reading", (number for number in [1, 2])) as items:
        assert [*items] == [1, 2]
    assert capsys.readouterr().err == ""
