"""The speed of replaying many sessions: in one process, in two, on a cluster."""

import json
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import replay
from benchmarks import inputs
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan
from benchmarks.processes import cost_in_turn
from replay.batch.executor_pool import dask_executor

WORKERS: Final = 2
EVENTS: Final = 98  #: of each session in a file of its own: about 6 KB
ONE: Final = "one process"
TINY: Final = [
    {"type": "user_input", "content": "How long is the notice period?"},
    {"type": "text_delta", "content": "Six "},
    {"type": "text_delta", "content": "months."},
    {"type": "text", "content": "Six months."},
    {"type": "stop", "usage": inputs.USAGE, "is_error": False, "error": None},
]


def batch(plan: Plan) -> Iterator[Figure]:
    """Compare two processes with one, and many tiny sessions with few."""
    with TemporaryDirectory(prefix="replay-benchmark-") as name:
        folder = Path(name)
        yield from _against_one_process(folder, plan)
        smallest, *larger = plan.tiny
        few = _lines(folder / "few.jsonl", smallest)
        for count in larger:
            yield from _growth(few, _lines(folder / "many.jsonl", count), count, plan)


def batch_dask(plan: Plan) -> Iterator[Figure]:
    """Compare a Dask cluster of two workers on this machine with one process."""
    import distributed  # noqa: PLC0415 - a peer that need not be installed

    with ExitStack() as opened:
        folder = opened.enter_context(TemporaryDirectory(prefix="replay-benchmark-"))
        cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]  # theirs
            n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        )
        address = opened.enter_context(cluster).scheduler_address
        executor = opened.enter_context(dask_executor(address))
        location = _files(Path(folder) / "sessions", plan.batch)
        ours, theirs = time_in_turn(
            partial(_usage, location, executor=executor),
            partial(_usage, location),
            seconds=plan.seconds,
        )
    yield figure(
        "batch-dask/two-workers", ONE, ours, theirs, events=plan.batch, aim=_aim(1.5)
    )


def _against_one_process(folder: Path, plan: Plan) -> Iterator[Figure]:
    location = _files(folder / "sessions", plan.batch)
    ours, theirs = time_in_turn(
        partial(_usage, location, jobs=WORKERS),
        partial(_usage, location),
        seconds=plan.seconds,
    )
    note = f"The events of batch/two-jobs are {plan.batch} sessions, a file each."
    case, count = "batch/two-jobs", plan.batch
    yield figure(case, ONE, ours, theirs, events=count, aim=_aim(1.7), note=note)


def _growth(few: Path, many: Path, count: int, plan: Plan) -> Iterator[Figure]:
    """Compare the cost of a session among many with its cost among few."""
    smallest = plan.tiny[0]
    peer = f"the same, {smallest:,} sessions"
    taken = time_in_turn(
        partial(_usage, many), partial(_usage, few), seconds=plan.seconds
    )
    ours = [each / count for each in taken[0]]
    theirs = [each / smallest for each in taken[1]]
    yield figure("batch/session", peer, ours, theirs, events=count, aim="at most 1.2")
    command = ("-m", "replay", "run", "--plugin", f"usage:output={many}.out", "--jobs")
    costs = cost_in_turn(
        (*command, "1", str(many)),
        (*command, "1", str(few)),
        seconds=plan.seconds,
        value=lambda cost: cost.cpu,
    )
    peaks, fewer = ([each.peak for each in side] for side in costs)
    yield figure("batch/peak", peer, peaks, fewer, events=count, unit="MB")


def _usage(
    location: Path, *, jobs: int | None = None, executor: Executor | None = None
) -> None:
    """Replay all sessions into the plugin ``usage``."""
    options = {"json": True, "output": str(location.with_suffix(".usage.json"))}
    replay.replay_many(location, [("usage", options)], jobs=jobs, executor=executor)


def _files(folder: Path, count: int) -> Path:
    """Write sessions, a file each."""
    folder.mkdir()
    session = json.loads(inputs.document(EVENTS))
    for number in range(count):
        session["session_id"] = f"ses-{number:07}"
        text = json.dumps(session, ensure_ascii=False)
        (folder / f"{number:07}.json").write_text(text, encoding="utf-8")
    return folder


def _lines(path: Path, count: int) -> Path:
    """Write tiny sessions, a line each."""
    events = json.dumps(TINY)
    with path.open("w") as file:
        for number in range(count):
            header = f'{{"session_id": "ses-{number:07}", "events": '
            file.write(f"{header}{events}}}\n")
    return path


def _aim(times: float) -> str:
    return f"at most {1 / times:.2f}"
