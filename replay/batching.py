"""Many sessions through plugins, on all cores or a cluster."""

import os
import sys
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final, TypeVar

from replay._plugins import OnPluginError
from replay.backend import Source
from replay.batch.crew_choice import crew_for
from replay.batch.plugin_specs import NamedPlugin, specs_of
from replay.batch.progress import Watch, Watched
from replay.batch.reports import BatchReport
from replay.batch.running import Batch
from replay.batch.tasks import Job

_Limit = TypeVar("_Limit", int, float)
_LONGEST: Final = 1e9  #: seconds; a clock counts not much further


def replay_many(  # noqa: PLR0913 - what a batch may be told
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
    watch: Watch | None = None,
) -> BatchReport:
    """Replay every session of a location, each exactly once, and merge the results.

    Workers open the location by themselves, and make the plugins anew. What is merged
    is the same whoever did the work, in whatever order.

    Args:
        source: A location, as for :func:`replay.open`, or a source that it opened.
        plugins: By name, as for :func:`replay.load_plugin`, or by name and options.
        executor: Who does the work: a pool, a cluster's; it is not shut down. None:
            this process, or *jobs*.
        jobs: How many processes of this machine do the work; not with an executor.
        checkpoint: A file that keeps what was done, for a run that goes on from there,
            or does what has changed; None: nothing is kept.
        gather: Checkpoints of other runs, such as those of shards: what they did need
            not be done.
        shard: ``(i, n)``: replay the i-th of n parts, from 1; None: all.
        keep_going: Go on past sessions that cannot be replayed, and report them.
        strict: A session that is odd cannot be replayed.
        on_plugin_error: As for :class:`replay.ReplayEngine`; a session at which a
            plugin failed counts, and is replayed again by the next run.
        time_limit: Seconds that a session may take; needs *jobs*, or workers with one
            thread each. None: for ever.
        memory_limit: Bytes that a worker may use, the same; None: what there is.
        watch: Is told how far the batch has come.

    Raises:
        BatchError: A session could not be replayed, and this is not to go on.
        CheckpointError: A checkpoint cannot be used.
        UnknownNameError, PluginError: A plugin cannot be had, or failed to merge.
        BackendError, DecodeError: The location cannot be read.
        TypeError, ValueError: What is asked makes no sense.
    """
    location, options = (
        (source.location, source.options)
        if isinstance(source, Source)
        else (os.fspath(source), {})
    )
    job = Job(
        location=location,
        options=dict(options),
        plugins=specs_of(plugins),
        strict=strict,
        on_plugin_error=on_plugin_error,
        keep_going=keep_going,
        seconds=_limited("time_limit", time_limit, _LONGEST),
        memory=_limited("memory_limit", memory_limit, sys.maxsize),
    )
    batch = Batch(
        job,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        gather=[*map(Path, gather)],
        shard=_checked(shard),
        watched=Watched(watch),
    )
    with crew_for(job, executor, jobs) as crew:
        return batch.run(crew)


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
