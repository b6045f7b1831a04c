"""Progress bars and lines on standard error, for work that takes long."""

import doctest
import io
import os
import pty
import select
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pyte
import pytest

from replay import BatchProgress
from replay.cli import progress_bar
from replay.cli.progress_bar import (
    BatchDisplay,
    ProgressBar,
    ProgressLines,
    batch_progress,
    line_of,
    progress,
    time_of,
)

SOME = BatchProgress(replayed=12_000, known=298, failed=2, expected=20_000)


@contextmanager
def reading_slowly(fifo: Path, *arguments: str | Path) -> Iterator[int]:
    """Let the command read a pipe; yield the terminal on its standard error.

    The pipe sends nothing until the block ends.
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
    """Read a terminal's output at least up to the wanted text, and return it."""
    sent = b""
    while wanted not in sent:
        assert select.select([descriptor], [], [], 30)[0], sent
        sent += os.read(descriptor, 1 << 16)
    return sent


def rest_of(descriptor: int) -> bytes:
    """Read the rest of a terminal's output, close the terminal, and return it."""
    sent = b""
    try:
        while piece := os.read(descriptor, 1 << 16):
            sent += piece
    except OSError:
        pass  # Linux: the other side has closed the terminal
    os.close(descriptor)
    return sent


def screen_after(sent: str) -> list[str]:
    """Return the lines that a terminal shows, without empty ones."""
    screen = pyte.Screen(100, 10)
    pyte.Stream(screen).feed(sent.replace("\n", "\r\n"))
    assert not screen.cursor.hidden or "\x1b[?25h" not in sent
    return [line.rstrip() for line in screen.display if line.strip()]


def test_the_examples_are_true() -> None:
    assert not doctest.testmod(progress_bar).failed


# Bars


class Terminal(io.StringIO):
    """A stand-in for a terminal, which keeps the output."""

    def isatty(self) -> bool:
        return True


def become_terminal(
    monkeypatch: pytest.MonkeyPatch, kind: str = "xterm-256color"
) -> Terminal:
    """Make standard error a terminal, and return it."""
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    return terminal


def test_a_bar_appears_if_work_takes_long_and_goes_away(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with reading_slowly(fifo) as terminal:
        sent = read_until(terminal, b"0 sessions")
    sent += rest_of(terminal)
    assert screen_after(sent.decode()) == []
    assert b"\x1b[?25h" in sent


def test_a_bar_of_a_batch_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    bar = ProgressBar("Replaying", has_total=True, patience=0)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()  # it shows the bar
    assert "0/?" in terminal.getvalue()
    BatchDisplay(bar)(SOME)
    bar.close()
    bar.close()
    sent = terminal.getvalue()
    last = sent[sent.rindex("Replaying") :].partition("\n")[0]
    (line,) = screen_after(last)
    assert line.startswith("Replaying ━")
    assert " 12300/20000 sessions 0:00:0" in line
    assert line.endswith(" 2 failed")
    assert screen_after(sent) == []
    assert sent.count("\x1b[?25h") == 1


def test_quick_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    bar = ProgressBar("Reading", patience=1e6)
    bar.update(1)
    bar.close()
    assert terminal.getvalue() == ""


def test_in_a_pipe_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Reading", (number for number in [1, 2])) as items:
        assert [*items] == [1, 2]
    assert capsys.readouterr().err == ""


# Lines


@attrs.define
class Clock:
    """A clock that shows the time it is set to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def update(
    lines: ProgressLines, clock: Clock, seen: Iterable[tuple[float, int]]
) -> None:
    """Update the lines at some times since the beginning."""
    for second, done in seen:
        clock.now = 1000.0 + second
        lines.update(done)


def test_lines_are_written_every_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = ProgressLines(clock := Clock())
    seconds = [1, 9.9, 10, 10.1, 19.9, 25, 34.9]
    update(lines, clock, zip(seconds, range(1, 8), strict=True))
    lines.close()
    assert capsys.readouterr().err == (
        "replay: 3 sessions, 0.3/s\nreplay: 6 sessions, 0.2/s\n"
    )


@pytest.mark.parametrize(
    ("seen", "rate"),
    [
        ([(now, 1_000_000 + now) for now in range(10, 71, 10)], "1.0/s"),
        ([(10, 100), (110, 200)], "1.8/s"),
    ],
    ids=["what is long past does not count", "a long silence counts"],
)
def test_a_rate_is_what_was_done_of_late(
    seen: list[tuple[float, int]], rate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    update(ProgressLines(clock := Clock()), clock, seen)
    assert capsys.readouterr().err.endswith(f" sessions, {rate}\n")


@pytest.mark.parametrize(
    ("how_far", "line"),
    [
        ((3, 9, 0.0, ""), "3 of about 9 sessions, 0.0/s"),
        ((2, None, 1.0, "2 quarantined"), "2 sessions, 1.0/s, 2 quarantined"),
    ],
)
def test_a_line_says_how_far_it_is(how_far: Any, line: str) -> None:  # noqa: ANN401 - as line_of has it
    assert line_of(*how_far) == line


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_a_time_is_shown_in_units_that_fit(seconds: float, shown: str) -> None:
    assert time_of(seconds) == shown


@pytest.mark.parametrize("kind", ["dumb", "unknown"])
def test_a_terminal_that_can_move_no_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    terminal = become_terminal(monkeypatch, kind)
    monkeypatch.setattr(progress_bar, "_SILENCE", 0.0)
    with batch_progress() as display:
        display(SOME)
    assert terminal.getvalue().startswith("replay: 12,300 of about 20,000 sessions, ")
    assert terminal.getvalue().endswith(" left, 2 failed\n")


def test_what_is_kept_is_counted_if_standard_error_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with batch_progress() as display:
        display(BatchProgress(replayed=3, known=4, failed=5, quarantined=6))
    assert display.kept == 7
