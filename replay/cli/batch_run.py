"""``replay run`` as a batch: many sessions, on many cores."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Literal

import attrs
import click

import replay
from replay.cli.batch_interruption import INTERRUPTED, interruptible
from replay.cli.batch_options import BatchOptions
from replay.cli.batch_progress import Told, batch_progress
from replay.cli.batch_redacting import redactions_of, without_secrets
from replay.cli.batch_report import json_of, problems_of, summary_of
from replay.cli.failures import FOUND_PROBLEMS, say
from replay.cli.file_output import output_to
from replay.cli.plugin_options import named_plugin
from replay.cli.redacting import telling_no_secrets


@attrs.frozen
class BatchRun:
    """Sessions through plugins, as a batch."""

    location: str
    plugins: Sequence[str]  #: as the user names them
    strict: bool
    on_plugin_error: Literal["raise", "isolate"]
    options: BatchOptions

    def run(self) -> int:
        """Replay the sessions, tell what they came to, and return the exit code.

        Raises:
            click.UsageError: What is asked makes no sense.
            ReplayError: As from :func:`replay.replay_many`.
            OSError: The report cannot be written.
        """
        self.options.check()
        plugins = [named_plugin(each, "'--plugin'") for each in self.plugins]
        with interruptible() as interruption, batch_progress() as told:
            try:
                report = self._reported(plugins, told)
            except BaseException:  # whatever Ctrl-C has led to
                if not interruption.has_come:
                    raise
                told.close()
                _say(self._interrupted(told.kept))
                return INTERRUPTED
        for problem in problems_of(report):
            say(problem)
        _say(summary_of(report))
        return FOUND_PROBLEMS if report.problems else 0

    def _reported(
        self, plugins: Sequence[tuple[str, dict[str, str]]], told: Told
    ) -> replay.BatchReport:
        redactions = redactions_of(plugins)
        with telling_no_secrets(redactions), self._report_file() as write:
            report = without_secrets(self._replayed(plugins, told), redactions)
            write(json_of(report))
        return report

    def _replayed(
        self, plugins: Sequence[tuple[str, dict[str, str]]], told: Told
    ) -> replay.BatchReport:
        options = self.options
        with _cluster(options.dask) as executor:
            return replay.replay_many(
                self.location,
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
                watch=told,
            )

    @contextmanager
    def _report_file(self) -> Iterator[Callable[[str], object]]:
        """Yield what writes the report where it is wanted."""
        if self.options.report is None:
            yield lambda _: None
            return
        with output_to(self.options.report) as write:
            yield write

    def _interrupted(self, kept: int) -> str:
        if self.options.checkpoint is None:
            return "interrupted: nothing is kept (with --checkpoint it would go on)"
        return (
            f"interrupted: what was done is kept, {kept:,} sessions; "
            "to go on, run it again with the same --checkpoint"
        )


@contextmanager
def _cluster(address: str | None) -> Iterator[Executor | None]:
    if address is None:
        yield None
        return
    from replay.batch.dask_cluster import dask_executor  # noqa: PLC0415 - the extra

    with dask_executor(address) as executor:
        yield executor


def _say(fact: str) -> None:
    click.echo(f"replay: {fact}", err=True)
