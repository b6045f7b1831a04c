"""Audit logs of batches, as made by workers and a leader."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from audit_logs import Record
from replay import BatchResult, Session
from replay.testing.batch_contract import (
    merge_results,
    numbered_results,
    worker_results,
)
from replay_plugins.audit_log import AuditLog

#: Fields that differ between a batch's log and that of a plain replay.
OF_A_BATCH = {"batch_key", "time", "prev", "monotonic_ns", "log", "note", "clock_step"}


def results_of(
    path: Path,
    sessions: Sequence[Session],
    workers: int = 1,
    **options: Any,  # noqa: ANN401 - any option
) -> list[BatchResult]:
    """Return the workers' results for sessions, which are dealt out in turns."""
    values: list[object] = [None] * len(sessions)
    for number in range(workers):
        worker = AuditLog.batch_worker(path, **options)
        results = worker_results([worker], sessions[number::workers])
        values[number::workers] = [value for (value,) in results]
    return [
        attrs.evolve(each, session_id=session.session_id)
        for each, session in zip(numbered_results(values), sessions, strict=True)
    ]


def batch(
    path: Path,
    sessions: Sequence[Session],
    workers: int = 1,
    **options: Any,  # noqa: ANN401 - any option
) -> None:
    """Replay sessions into a log as a batch does."""
    leader = AuditLog(path, **options)
    merge_results(leader, results_of(path, sessions, workers, **options))


def without(records: Sequence[Record], fields: set[str]) -> list[Record]:
    """Return records without some of their fields."""
    return [
        {name: value for name, value in record.items() if name not in fields}
        for record in records
    ]
