"""How far a batch has come, on standard error: a bar on a terminal, else lines.

Nothing runs beside the batch: whoever leads it calls, and what is due is shown then.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import attrs
import click

from replay.cli.pace import Pace, rate_of, time_of

if TYPE_CHECKING:
    from rich.progress import Progress

    from replay.batch.progress import BatchProgress

_PATIENCE: Final = 1.0  # seconds without a bar
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

    first, every = _PATIENCE, _BLINK

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def show(self, sentence: str, done: int, expected: int | None) -> None:
        """Show the bar as it is now; the first time, it appears."""
        if self._progress is None:
            self._progress = _bar()
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


def _bar() -> "Progress":
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
