"""A bar on standard error for work that takes more than a second."""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

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
