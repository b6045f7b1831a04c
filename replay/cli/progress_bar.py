"""A progress bar on standard error for work that takes more than a second."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from replay.batch.leader import BatchProgress

_PATIENCE: Final = 1.0  # seconds before a bar appears
_SILENCE: Final = 10.0  # seconds between lines
_WINDOW: Final = 4  # lines over which a rate is measured
_PLAIN: Final = {"dumb", "unknown"}  # terminals on which rich shows no bar
_MINUTE: Final = 60
_HOUR: Final = 3600
_SLOW: Final = 10  # per second; slower rates are shown with tenths
_Item = TypeVar("_Item")


class ProgressBar:
    """A progress bar that appears after a second, unless it is closed before.

    Args:
        what: The activity, such as ``Copying``.
        unit: A noun for what is counted.
        has_total: Whether the total will be known.
        patience: Seconds before the bar appears.
    """

    def __init__(
        self,
        what: str,
        unit: str = "sessions",
        *,
        has_total: bool = False,
        patience: float = _PATIENCE,
    ) -> None:
        self._what, self._unit, self._has_total = what, unit, has_total
        self._shown: tuple[int, int | None, str] = 0, None, ""
        self._lock = Lock()
        self._progress: Progress | None = None
        self._timer = Timer(patience, self._show)
        self._timer.daemon = True
        self._timer.start()

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """Update the number done, and the approximate total."""
        total = None if total is None else max(done, total)
        with self._lock:
            self._shown = done, total, note
            if self._progress is not None:
                (task,) = self._progress.task_ids
                self._progress.update(task, completed=done, total=total, note=note)

    def close(self) -> None:
        """Remove the bar; closing it twice is harmless."""
        self._timer.cancel()
        self._timer.join()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _show(self) -> None:
        bar = self._columns()
        with self._lock:
            done, total, note = self._shown
            bar.add_task(self._what, total=total, completed=done, note=note)
            bar.start()
            self._progress = bar

    def _columns(self) -> "Progress":
        from rich import progress as parts  # noqa: PLC0415 - slow to import, seldom needed
        from rich.console import Console  # noqa: PLC0415 - the same

        counted: parts.ProgressColumn = parts.TextColumn("{task.completed}")
        times: list[parts.ProgressColumn] = [parts.TimeElapsedColumn()]
        if self._has_total:
            counted = parts.MofNCompleteColumn()
            times.append(parts.TimeRemainingColumn())
        return parts.Progress(
            parts.TextColumn("{task.description}"),
            parts.BarColumn(),
            counted,
            parts.TextColumn(self._unit),
            *times,
            parts.TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
        )


class ProgressLines:
    """A progress line every ten seconds, for output that can't show a bar.

    No timer runs: a line that is due is written at the next update.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = deque([(clock(), 0)], _WINDOW)

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """Write a line about the sessions done, if one is due."""
        now = self._clock()
        if now < self._seen[-1][0] + _SILENCE:
            return
        began, before = self._seen[0]
        self._seen.append((now, done))
        line = line_of(done, total, (done - before) / (now - began), note)
        click.echo(f"replay: {line}", err=True)

    def close(self) -> None:
        """Do nothing: the lines stay where they are."""


def line_of(done: int, total: int | None, rate: float, note: str) -> str:
    """Return a line about a batch's progress, for people.

    >>> line_of(12_300, 20_000, 1450.0, "2 failed")
    '12,300 of about 20,000 sessions, 1,450/s, 5 s left, 2 failed'
    >>> line_of(9, 7, 3.0, "")
    '9 sessions, 3.0/s'
    """
    left = 0 if total is None else total - done
    about = f" of about {total:,}" if left > 0 else ""
    time_left = f"{time_of(left / rate)} left" if left > 0 and rate > 0 else ""
    parts = (f"{done:,}{about} sessions", rate_of(rate), time_left, note)
    return ", ".join(filter(None, parts))


def rate_of(rate: float) -> str:
    """Return a rate for people.

    >>> rate_of(1450.2), rate_of(0.25)
    ('1,450/s', '0.2/s')
    """
    return f"{rate:,.1f}/s" if rate < _SLOW else f"{rate:,.0f}/s"


def time_of(seconds: float) -> str:
    """Return a time for people.

    >>> time_of(5.4), time_of(200), time_of(7500)
    ('5 s', '3 min 20 s', '2 h 05 min')
    """
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


@contextmanager
def progress(
    what: str,
    items: Generator[_Item],
    *,
    is_shown: bool = True,
    unit: str = "sessions",
) -> Iterator[Iterator[_Item]]:
    """Yield *items*, to be iterated within the block while a bar counts them.

    Args:
        what: The activity, such as ``Copying``.
        items: The items to count; closed at the end of the block.
        is_shown: Whether there may be a bar, if standard error is a terminal.
        unit: A noun for the items, for the bar.
    """
    with closing(items):
        if not is_shown or sys.stderr is None or not sys.stderr.isatty():
            yield items
            return
        bar = ProgressBar(what, unit)
        try:
            yield _counted(items, bar)
        finally:
            bar.close()


def _counted(items: Iterator[_Item], bar: ProgressBar) -> Iterator[_Item]:
    """Yield *items* and count them; the bar is closed after the last."""
    for done, item in enumerate(items, start=1):
        yield item
        bar.update(done)
    bar.close()


@attrs.define(eq=False)
class BatchDisplay:
    """A progress callback that counts a batch's results and shows its progress."""

    _display: ProgressBar | ProgressLines | None  #: None: nothing is shown
    kept: int = attrs.field(default=0, init=False)  #: sessions that have results

    def __call__(self, progress: "BatchProgress") -> None:
        """Update the count and the display."""
        self.kept = progress.replayed + progress.known
        if self._display is not None:
            failed, quarantined = progress.failed, progress.quarantined
            notes = {"failed": failed, "quarantined": quarantined}
            note = ", ".join(f"{n:,} {what}" for what, n in notes.items() if n)
            done = self.kept + failed + quarantined
            self._display.update(done, progress.expected, note)

    def close(self) -> None:
        """Close the display; doing so twice is harmless."""
        if self._display is not None:
            self._display.close()


@contextmanager
def batch_progress() -> Iterator[BatchDisplay]:
    """Yield a progress callback for a batch that runs within the block."""
    display: ProgressBar | ProgressLines | None = None
    if sys.stderr is not None:
        has_bar = sys.stderr.isatty() and os.environ.get("TERM") not in _PLAIN
        display = (
            ProgressBar("Replaying", has_total=True) if has_bar else ProgressLines()
        )
    shown = BatchDisplay(display)
    try:
        yield shown
    finally:
        shown.close()
