"""``replay run`` as a batch: many sessions, on many cores."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final, Literal

import attrs
import click

import replay
from replay.cli.arguments import named_plugin
from replay.cli.batch_options import BatchOptions
from replay.cli.input import Location
from replay.cli.output import FOUND_PROBLEMS, output_to, say
from replay.cli.progress_bar import BatchDisplay, batch_progress, rate_of
from replay.cli.rewriters import (
    errors_without_secrets,
    rewriting_plugins_of,
    without_secrets,
)
from replay.model.json_text import write_json
from replay.security.sanitization import escape_json

INTERRUPTED: Final = 130
_SHOW_CURSOR: Final = b"\x1b[?25h"  # in case a bar has hidden it


@attrs.define
class InterruptHandler:
    """A Ctrl-C handler that ends this process the second time."""

    was_called: bool = False

    def handle(self, _: int, __: FrameType | None) -> None:
        """Handle Ctrl-C.

        Raises:
            KeyboardInterrupt: It is the first time.
        """
        if self.was_called:
            _end()
        self.was_called = True
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[InterruptHandler]:
    """Handle Ctrl-C within the block, and afterwards too if it was pressed."""
    handler = InterruptHandler()
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # a job in a shell's background
        yield handler
        return
    signal.signal(signal.SIGINT, handler.handle)
    try:
        yield handler
    finally:
        if not handler.was_called:
            signal.signal(signal.SIGINT, before)


def _end() -> None:
    """End this process and its children; the results kept so far are intact."""
    for child in multiprocessing.active_children():
        child.kill()
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(INTERRUPTED)


_MOST_PROBLEMS: Final = 100  # problems in a report; isolated failures aren't counted


def summary_of(report: replay.BatchReport) -> str:
    """Return a one-line summary of a batch."""
    count = report.replayed + report.known + report.failed + report.quarantined
    rate = report.replayed / report.seconds if report.seconds > 0 else 0.0
    return (
        f"{count:,} {'session' if count == 1 else 'sessions'}: "
        f"{report.replayed:,} replayed now, {report.known:,} known from before, "
        f"{report.failed:,} failed, {report.quarantined:,} quarantined; "
        f"{report.seconds:,.1f} s, {rate_of(rate)}"
    )


def problems_of(report: replay.BatchReport) -> Iterator[str]:
    """Yield a line for each problem in a report, and one for those it leaves out."""
    for each in report.problems:
        fate = ", quarantined" if each.is_quarantined else ""
        yield f"{each.name}: {each.code}{fate}: {each.reason}"
    more = report.failed + report.quarantined - len(report.problems)
    if more > 0:
        yield f"{more:,} more"
    elif len(report.problems) >= _MOST_PROBLEMS:
        yield "there may be more"


def json_of(report: replay.BatchReport) -> str:
    """Return a report as a line of JSON; only its last member, ``times``, varies."""
    members = attrs.asdict(report, recurse=False)
    times = {"seconds": members.pop("seconds")}
    members["problems"] = [
        {
            "session": each.name,
            "code": each.code,
            "reason": each.reason,
            "is_quarantined": each.is_quarantined,
        }
        for each in report.problems
    ]
    members["times"] = times
    return escape_json(write_json(members).decode()) + "\n"


@attrs.frozen
class BatchRun:
    """A batch that replays sessions into plugins."""

    location: Location
    plugins: Sequence[str]  #: as the user named them
    strict: bool
    on_plugin_error: Literal["raise", "isolate"]
    options: BatchOptions

    def run(self) -> int:
        """Replay the sessions, report the results, and return the exit code.

        Raises:
            click.UsageError: The options are invalid.
            ReplayError: As from :func:`replay.replay_many`.
            OSError: The report cannot be written.
        """
        self.options.check()
        plugins = [named_plugin(each, "'--plugin'") for each in self.plugins]
        with interruptible() as handler, batch_progress() as display:
            try:
                report = self._reported(plugins, display)
            except BaseException:  # Ctrl-C may lead to any error
                if not handler.was_called:
                    raise
                display.close()
                click.echo(self._interrupted(display.kept), err=True)
                return INTERRUPTED
        for problem in problems_of(report):
            say(problem)
        click.echo(f"replay: {summary_of(report)}", err=True)
        return FOUND_PROBLEMS if report.problems else 0

    def _reported(
        self, plugins: Sequence[tuple[str, dict[str, str]]], display: BatchDisplay
    ) -> replay.BatchReport:
        """Replay the sessions, and write the report if one is wanted."""
        options = self.options
        rewriting = rewriting_plugins_of(plugins)
        with ExitStack() as opened:
            opened.enter_context(errors_without_secrets(rewriting))
            write_report: Callable[[str], object] | None = None
            if options.report is not None:
                write_report = opened.enter_context(output_to(options.report))
            source: replay.Source | str
            source, *others = self.location.named()
            if others or self.location.options:
                source = opened.enter_context(self.location.open())
            with _cluster(options.dask) as executor:
                report = replay.replay_many(
                    source,
                    plugins,
                    executor=executor,
                    jobs=options.jobs,
                    checkpoint=options.checkpoint,
                    gather=options.gather,
                    shard=options.shard,
                    keep_going=options.keep_going,
                    strict=self.strict,
                    on_plugin_error=self.on_plugin_error,
                    time_limit=options.time_limit,
                    memory_limit=options.memory_limit,
                    watch=display,
                )
            report = without_secrets(report, rewriting)
            if write_report is not None:
                write_report(json_of(report))
        return report

    def _interrupted(self, kept: int) -> str:
        outcome = "nothing is kept (with --checkpoint it would go on)"
        if self.options.checkpoint is not None:
            outcome = (
                f"what was done is kept, {kept:,} sessions; "
                "to go on, run it again with the same --checkpoint"
            )
        return f"replay: interrupted: {outcome}"


@contextmanager
def _cluster(address: str | None) -> Iterator[Executor | None]:
    if address is None:
        yield None
        return
    from replay.batch.executor_pool import dask_executor  # noqa: PLC0415 - the extra

    with dask_executor(address) as executor:
        yield executor
