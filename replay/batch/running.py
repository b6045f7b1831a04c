"""A batch from its beginning to its report."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import attrs

from replay.backend import open as open_source
from replay.batch.checkpoint import Checkpoint
from replay.batch.crews import Crew
from replay.batch.engines import LeadingEngine
from replay.batch.leading import Leader
from replay.batch.listing import Listing
from replay.batch.plugin_specs import merging_plugins, plugins_key
from replay.batch.progress import Watched
from replay.batch.repeating import of_repeated
from replay.batch.reports import BatchReport
from replay.batch.sharing import shared_out
from replay.batch.tasks import Job
from replay.errors import SessionNotFoundError
from replay.portions import Portion
from replay.recordings import NO_SESSION_HINT
from replay.report import ReplayReport

_MOST_PROBLEMS: Final = 100  # in a report


@attrs.frozen
class Batch:
    """All sessions of a location, or a shard of them, through plugins."""

    job: Job
    checkpoint: Path | None  #: None: nothing is kept
    gather: Sequence[Path]
    shard: tuple[int, int] | None
    watched: Watched

    def run(self, crew: Crew) -> BatchReport:
        """Have all sessions replayed, and merge what they came to.

        Raises:
            ReplayError: As from :func:`replay.replay_many`.
        """
        began = time.monotonic()
        merging = merging_plugins(self.job.plugins)
        checkpoint = Checkpoint(self.checkpoint, plugins_key(self.job))
        try:
            checkpoint.begin()
            gathered = sum(map(checkpoint.take_over, self.gather))
            may_be_known = checkpoint.has_results or gathered > 0
            self._replay(crew, checkpoint, may_be_known=may_be_known)
            report = _report(checkpoint)
            if not report.sessions and self.shard is None:
                location, reason = self.job.location, "holds no session"
                raise SessionNotFoundError(location, reason, NO_SESSION_HINT)
            _merge(merging, checkpoint, report)
        finally:
            checkpoint.close()
        return attrs.evolve(report, seconds=time.monotonic() - began)

    def _replay(
        self, crew: Crew, checkpoint: Checkpoint, *, may_be_known: bool
    ) -> None:
        job = self.job
        leader = Leader(crew, checkpoint, self.watched, job.keep_going)
        with open_source(job.location, **job.options) as source:
            listing = Listing(source, self.shard)
            tasks = shared_out(job, self._expected(listing), crew.size)
            leader.lead(tasks, may_be_known=may_be_known)
            repeated = of_repeated(job, listing, checkpoint)
            leader.lead(repeated, may_be_known=False)

    def _expected(self, listing: Listing) -> Iterator[tuple[int, Portion]]:
        """Yield the portions; once all are listed, tell how many sessions there are."""
        yield from listing.portions()
        self.watched.expect(listing.sessions)


def _report(checkpoint: Checkpoint) -> BatchReport:
    totals = checkpoint.totals()
    return BatchReport(
        sessions=totals.sessions,
        replayed=totals.done,
        known=totals.known,
        failed=totals.failed,
        quarantined=totals.quarantined,
        turns=totals.counts.turns,
        events=totals.counts.events,
        messages=totals.counts.messages,
        diagnostics=totals.counts.diagnostics,
        seconds=0.0,
        problems=tuple(islice(checkpoint.problems(), _MOST_PROBLEMS)),
    )


def _merge(
    merging: dict[int, object], checkpoint: Checkpoint, report: BatchReport
) -> None:
    numbers = [*merging]
    totals = ReplayReport(
        None, sessions=report.replayed + report.known, turns=report.turns
    )
    with LeadingEngine(merging.values()) as engine:
        engine.merge(lambda number: checkpoint.results(numbers[number]), totals)
