"""Batch replay: all sessions of a location, in one process, many, or a cluster."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import attrs

from replay.batch.checkpoint import BatchReport, Checkpoint
from replay.batch.leader import (
    Leader,
    Listing,
    ProgressCallback,
    ProgressCounter,
    repeated_tasks,
)
from replay.batch.plugin_specs import (
    NamedPlugin,
    merging_plugins,
    plugins_key,
    specs_of,
)
from replay.batch.pool import InProcessPool, Monitor, Pool
from replay.batch.process_pool import ProcessPool
from replay.batch.tasks import Job, make_tasks
from replay.batch.worker import LeaderEngine, replay_task
from replay.codec.documents import NO_SESSION_HINT
from replay.engine.plugin_set import OnPluginError
from replay.engine.report import ReplayReport
from replay.errors import SessionNotFoundError, wrong_type
from replay.sources.protocols import Portion
from replay.sources.source import Source

_LOGGER: Final = logging.getLogger("replay")
_Limit = TypeVar("_Limit", int, float)
_LONGEST: Final = 1e9  #: seconds; clocks don't count much further


def replay_many(  # noqa: PLR0913 - the options of a batch
    source: str | os.PathLike[str] | Source,
    plugins: Iterable[NamedPlugin],
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    gather: Iterable[str | os.PathLike[str]] = (),
    shard: tuple[int, int] | None = None,
    keep_going: bool = False,
    strict: bool = False,
    on_plugin_error: OnPluginError = "raise",
    time_limit: float | None = None,
    memory_limit: int | None = None,
    watch: ProgressCallback | None = None,
) -> BatchReport:
    """Replay every session of a location, each exactly once, and merge the results.

    Each worker opens the location and creates the plugins itself. The merged results
    are the same whichever worker replayed which session, in any order.

    Args:
        source: A location, as for :func:`replay.open`, or a source that it opened.
        plugins: By name, as for :func:`replay.load_plugin`, or by name and options.
        executor: Runs the work, on a cluster, say; it is not shut down. None: use
            *jobs*, or this process.
        jobs: Number of worker processes on this machine; not with an executor.
        checkpoint: A file that keeps the results: another run continues from there,
            or redoes what has changed. None: nothing is kept.
        gather: Checkpoints of other runs, such as those of shards, whose results are
            used instead of replaying the sessions again.
        shard: ``(i, n)``: replay the i-th of n parts, from 1; None: all.
        keep_going: Continue past sessions that cannot be replayed, and report them.
        strict: Treat a session with a diagnostic as one that cannot be replayed.
        on_plugin_error: As for :class:`replay.ReplayEngine`. With ``"isolate"``, a
            session in which a plugin failed counts, but the next run replays it again.
        time_limit: Seconds that a session may take; needs *jobs*, or workers with one
            thread each. None: no limit.
        memory_limit: Bytes of memory that a worker may use; needs the same. None: any.
        watch: Called on the leader's thread whenever some sessions are done.

    Raises:
        BatchError: A session could not be replayed, and *keep_going* is false.
        CheckpointError: A checkpoint cannot be used.
        UnknownNameError, PluginError: A plugin cannot be created, or failed to merge.
        BackendError, DecodeError: The location cannot be read.
        TypeError, ValueError: An argument is invalid, or contradicts another.
    """
    if not isinstance(source, str | os.PathLike | Source):
        advice = "a batch opens it in each worker; an engine replays sessions"
        raise wrong_type(source, "a location, or what replay.open returned", advice)
    options: Mapping[str, object] = {}
    if isinstance(source, Source):
        locations, options = source.locations, source.options
    else:
        locations = (os.fspath(source),)
    job = Job(
        location=locations[0],
        further=locations[1:],
        options=dict(options),
        plugins=specs_of(plugins),
        strict=strict,
        on_plugin_error=on_plugin_error,
        keep_going=keep_going,
        seconds=_limited("time_limit", time_limit, _LONGEST),
        memory=_limited("memory_limit", memory_limit, sys.maxsize),
    )
    given = (
        None if checkpoint is None else Path(checkpoint),
        [*map(Path, gather)],
        _checked(shard),
        ProgressCounter(watch),
    )
    pool = _pool(job, executor, jobs)
    is_well = False
    try:
        report = _run(job, pool, *given)
        is_well = True
    finally:
        pool.close(now=not is_well)
    return report


def _pool(job: Job, executor: Executor | None, jobs: int | None) -> Pool:
    if executor is not None and jobs is not None:
        message = "give an executor, or a number of jobs, not both"
        raise TypeError(message)
    if executor is not None:
        from replay.batch.executor_pool import ExecutorPool  # noqa: PLC0415 - slow

        return ExecutorPool(executor, replay_task)
    if jobs is not None:
        if not isinstance(jobs, int) or jobs < 1:
            message = f"jobs must be a whole number from 1, not {jobs!r}"
            raise ValueError(message)
        return ProcessPool(jobs, replay_task)
    if (job.seconds, job.memory) != (None, None):
        message = "limits need processes that may be ended: give jobs"
        raise ValueError(message)
    return InProcessPool(replay_task)


def _run(  # noqa: PLR0913, PLR0917 - what a batch needs
    job: Job,
    pool: Pool,
    checkpoint: Path | None,
    gather: Iterable[Path],
    shard: tuple[int, int] | None,
    counter: ProgressCounter,
) -> BatchReport:
    """Replay all sessions with a pool, and merge their results."""
    began = time.monotonic()
    merging = merging_plugins(job.plugins)
    kept = Checkpoint(checkpoint, plugins_key(job))
    try:
        kept.begin()
        gathered = sum(map(kept.copy_from, gather))
        leader = Leader(pool, kept, counter, job.keep_going)
        with job.open() as source:
            listing = Listing(source, shard)
            tasks = make_tasks(job, _expected(listing, counter), pool.size)
            leader.run(tasks, may_be_known=kept.has_results or gathered > 0)
            leader.run(repeated_tasks(job, listing, kept), may_be_known=False)
            empty = leader.empty_portions(listing)
        report = kept.report()
        leader.check_sum(report.sessions)
        if empty:
            _LOGGER.info("%s: %s", listing.location, empty)
        if not report.sessions and shard is None:
            reason = "holds no session"
            raise SessionNotFoundError(listing.location, reason, NO_SESSION_HINT)
        Monitor().run(partial(_merge, merging, kept, report))
    finally:
        kept.close()
    return attrs.evolve(report, seconds=time.monotonic() - began)


def _expected(
    listing: Listing, counter: ProgressCounter
) -> Iterator[tuple[int, Portion]]:
    """Yield the portions; once all are listed, report their number of sessions."""
    yield from listing.portions()
    counter.expect(listing.sessions)


def _merge(
    merging: dict[int, object], checkpoint: Checkpoint, report: BatchReport
) -> None:
    numbers = [*merging]
    totals = ReplayReport(
        None, sessions=report.replayed + report.known, turns=report.turns
    )
    with LeaderEngine(merging.values()) as engine:
        engine.merge(lambda number: checkpoint.results(numbers[number]), totals)


def _limited(name: str, limit: _Limit | None, most: _Limit) -> _Limit | None:
    if limit is None:
        return None
    if not limit > 0:
        message = f"{name}: above zero, not {limit}"
        raise ValueError(message)
    return min(limit, most)


def _checked(shard: tuple[int, int] | None) -> tuple[int, int] | None:
    match shard:
        case None:
            return None
        case (int(number), int(count)) if 1 <= number <= count:
            return number, count
    message = f"shard: (i, n) with i from 1 to n, not {shard}"
    raise ValueError(message)
