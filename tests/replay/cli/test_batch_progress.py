"""How far a batch has come, on standard error."""

import io
import sys
from collections.abc import Iterable

import attrs
import pyte
import pytest

from replay import BatchProgress
from replay.cli.progress_bar import Bar, Lines, Told, batch_progress, sentence_of

SOME = BatchProgress(replayed=12_000, known=298, failed=2, expected=20_000)


@attrs.define
class Clock:
    """Tells the time that it is set to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """Takes what a terminal would be sent."""

    def isatty(self) -> bool:
        return True


def screen_after(sent: str) -> list[str]:
    """Return the lines that a terminal shows, less those that are empty."""
    screen = pyte.Screen(100, 10)
    pyte.Stream(screen).feed(sent.replace("\n", "\r\n"))
    assert not screen.cursor.hidden or "\x1b[?25h" not in sent
    return [line.rstrip() for line in screen.display if line.strip()]


@pytest.mark.parametrize(
    ("progress", "rate", "sentence"),
    [
        (
            SOME,
            1450.0,
            "12,300 of about 20,000 sessions, 1,450/s, 5 s left, 2 failed",
        ),
        (BatchProgress(replayed=3), 0.5, "3 sessions, 0.5/s"),
        (BatchProgress(replayed=3, expected=9), 0.0, "3 of about 9 sessions, 0.0/s"),
        (BatchProgress(replayed=9, expected=9), 3.0, "9 sessions, 3.0/s"),
        (BatchProgress(known=9, expected=7), 3.0, "9 sessions, 3.0/s"),
        (BatchProgress(quarantined=2), 1.0, "2 sessions, 1.0/s, 2 quarantined"),
    ],
)
def test_a_sentence_says_how_far_it_is(
    progress: BatchProgress, rate: float, sentence: str
) -> None:
    assert sentence_of(progress, rate) == sentence


def tell(told: Told, clock: Clock, seconds: Iterable[float]) -> None:
    """Tell of a session more at each of these times since the beginning."""
    for number, second in enumerate(seconds, start=1):
        clock.now = 1000.0 + second
        told(BatchProgress(replayed=number))


def test_lines_are_written_every_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    told = Told(Lines(), clock)
    tell(told, clock, [1, 9.9, 10, 10.1, 19.9, 25, 34.9])
    assert capsys.readouterr().err == (
        "replay: 3 sessions, 0.3/s\nreplay: 6 sessions, 0.2/s\n"
    )


def test_what_is_kept_is_counted_whether_it_is_shown_or_not() -> None:
    told = Told(None, Clock())
    told(BatchProgress(replayed=3, known=4, failed=5, quarantined=6))
    assert (told.kept, told.done) == (7, 18)


def test_a_bar_appears_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    clock = Clock()
    told = Told(Bar(), clock)
    tell(told, clock, [0.5, 0.99])
    assert terminal.getvalue() == ""
    clock.now = 1010.0
    told(SOME)
    (line,) = screen_after(terminal.getvalue())
    assert line.endswith(
        " 12,300 of about 20,000 sessions, 1,230/s, 6 s left, 2 failed"
    )
    told.close()


def test_a_bar_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    clock = Clock()
    told = Told(Bar(), clock)
    tell(told, clock, [1, 2, 3])
    told.close()
    told.close()
    assert screen_after(terminal.getvalue()) == []
    assert terminal.getvalue().count("\x1b[?25h") == 1


def test_quick_work_shows_nothing_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with batch_progress(lambda: 0.0) as told:
        told(SOME)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("kind", ["dumb", "unknown"])
def test_a_terminal_that_can_move_no_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    clock = Clock()
    with batch_progress(clock) as told:
        tell(told, clock, [1, 9.9, 10])
    assert terminal.getvalue() == "replay: 3 sessions, 0.3/s\n"


def test_quick_work_shows_nothing_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with batch_progress(lambda: 0.0) as told:
        told(SOME)
    assert capsys.readouterr().err == ""


def test_where_standard_error_is_closed_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with batch_progress() as told:
        told(SOME)
    assert told.kept == 12_298
