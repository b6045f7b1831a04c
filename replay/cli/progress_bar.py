"""A bar on standard error for work that takes more than a second.

Nothing runs beside the batch: whoever leads it calls, and what is due is shown then.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import attrs
import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from replay.batch.leader import BatchProgress

_WINDOW: Final = 30.0  # seconds that are looked back
_MINUTE: Final = 60
_HOUR: Final = 3600
_SLOW: Final = 10  # a second, below which tenths matter


@attrs.define
class Pace:
    """Looks at counts as they grow.

    Args:
        began: When nothing was done, in seconds of any clock.
    """

    began: float
    _seen: deque[tuple[float, int]] = attrs.field(factory=deque, init=False)

    def __attrs_post_init__(self) -> None:
        self._seen.append((self.began, 0))

    def see(self, now: float, done: int) -> None:
        """Note how much is done; what is long past is forgotten."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:  # noqa: PLR2004 - both ends
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Return how much is done in a second."""
        (began, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - began) if now > began else 0.0


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


_BATCH_PATIENCE: Final = 1.0  # seconds without a bar
_BLINK: Final = 0.1  # seconds between two looks of a bar
_SILENCE: Final = 10.0  # seconds between two lines
_PLAIN: Final = {"dumb", "unknown"}  # terminals on which rich shows no bar
_WIDTH: Final = 16  # of the bar, beside which a sentence stands


class _Sign(Protocol):
    """What shows a sentence."""

    first: float  #: seconds until there is something to show
    every: float  #: seconds between two times

    def show(self, sentence: str, done: int, expected: int | None) -> None: ...
    def close(self) -> None: ...


@attrs.define(eq=False)
class Told:
    """Is told how far a batch has come, and shows it when that is due."""

    _sign: _Sign | None  #: None: nobody looks
    _clock: Callable[[], float]
    done: int = attrs.field(default=0, init=False)  #: sessions that are done with
    kept: int = attrs.field(default=0, init=False)  #: those of them that have results
    _pace: Pace = attrs.field(init=False)
    _due: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        began = self._clock()
        self._pace = Pace(began)
        self._due = began + (self._sign.first if self._sign else 0.0)

    def __call__(self, progress: "BatchProgress") -> None:
        """Take note."""
        self.kept = progress.replayed + progress.known
        self.done = self.kept + progress.failed + progress.quarantined
        now = self._clock()
        if self._sign is not None and now >= self._due:
            self._pace.see(now, self.done)
            sentence = sentence_of(progress, self._pace.rate)
            self._sign.show(sentence, self.done, progress.expected)
            self._due = now + self._sign.every

    def close(self) -> None:
        """Show nothing any more; doing so twice is harmless."""
        if self._sign is not None:
            self._sign.close()


@contextmanager
def batch_progress(clock: Callable[[], float] = time.monotonic) -> Iterator[Told]:
    """Yield what is to be told how far a batch has come, within the block.

    Args:
        clock: Tells the time, in seconds.
    """
    told = Told(_sign(), clock)
    try:
        yield told
    finally:
        told.close()


def sentence_of(progress: "BatchProgress", rate: float) -> str:
    """Return how far a batch has come, for people.

    Args:
        progress: Its numbers.
        rate: Sessions in a second.
    """
    failed, quarantined = progress.failed, progress.quarantined
    done = progress.replayed + progress.known + failed + quarantined
    left = 0 if progress.expected is None else progress.expected - done
    about = f" of about {progress.expected:,}" if left > 0 else ""
    parts = [f"{done:,}{about} sessions", rate_of(rate)]
    if left > 0 and rate > 0:
        parts.append(f"{time_of(left / rate)} left")
    if failed:
        parts.append(f"{failed:,} failed")
    if quarantined:
        parts.append(f"{quarantined:,} quarantined")
    return ", ".join(parts)


class Lines:
    """A line now and then."""

    first = every = _SILENCE

    def show(self, sentence: str, done: int, expected: int | None) -> None:  # noqa: ARG002 - a bar needs them
        """Write the line."""
        click.echo(f"replay: {sentence}", err=True)

    def close(self) -> None:
        """Leave all lines where they are."""


class Bar:
    """A bar with a sentence beside it, which goes away at the end."""

    first, every = _BATCH_PATIENCE, _BLINK

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def show(self, sentence: str, done: int, expected: int | None) -> None:
        """Show the bar as it is now; the first time, it appears."""
        if self._progress is None:
            self._progress = _batch_bar()
            self._progress.add_task(sentence, total=expected)
            self._progress.start()
        (task,) = self._progress.task_ids
        self._progress.update(
            task, description=sentence, completed=done, total=expected, refresh=True
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


def _sign() -> _Sign | None:
    if sys.stderr is None:
        return None
    has_bar = sys.stderr.isatty() and os.environ.get("TERM") not in _PLAIN
    return Bar() if has_bar else Lines()


def _batch_bar() -> "Progress":
    from rich import progress as parts  # noqa: PLC0415 - slow to import, seldom needed
    from rich.console import Console  # noqa: PLC0415 - the same

    return parts.Progress(
        parts.BarColumn(bar_width=_WIDTH),
        parts.TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )


_Item = TypeVar("_Item")
_PATIENCE: Final = 1.0  # seconds without a bar


@contextmanager
def progress(
    what: str,
    items: Generator[_Item],
    *,
    is_shown: bool = True,
    unit: str = "sessions",
) -> Iterator[Iterator[_Item]]:
    """Yield *items*, to be walked within the block while a bar counts them.

    Args:
        what: What is being done, such as ``Copying``.
        items: What it is done with, one by one; closed in the end.
        is_shown: Whether there may be a bar, where standard error is a terminal.
        unit: What the items are, for the bar.
    """
    with closing(items):
        if not is_shown or sys.stderr is None or not sys.stderr.isatty():
            yield items
            return
        bar = _LateBar(what, unit)
        try:
            yield bar.over(items)
        finally:
            bar.close()


class _LateBar:
    """Appears when its time has come, unless it was closed before."""

    def __init__(self, what: str, unit: str) -> None:
        self._what, self._unit = what, unit
        self._done = 0
        self._lock = Lock()
        self._progress: Progress | None = None
        self._timer = Timer(_PATIENCE, self._show)
        self._timer.daemon = True
        self._timer.start()

    def over(self, items: Iterator[_Item]) -> Iterator[_Item]:
        """Yield *items* and count them; the bar goes away with the last."""
        for item in items:
            yield item
            with self._lock:
                self._done += 1
                if self._progress is not None:
                    (task,) = self._progress.task_ids
                    self._progress.update(task, completed=self._done)
        self.close()

    def close(self) -> None:
        """Take the bar away; doing so twice is harmless."""
        self._timer.cancel()
        self._timer.join()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _show(self) -> None:
        bar = _bar(self._unit)
        with self._lock:
            bar.add_task(self._what, total=None, completed=self._done)
            bar.start()
            self._progress = bar


def _bar(unit: str) -> "Progress":
    from rich import progress as parts  # noqa: PLC0415 - slow to import, seldom needed
    from rich.console import Console  # noqa: PLC0415 - the same

    return parts.Progress(
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.TextColumn(f"{{task.completed}} {unit}"),
        parts.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )
