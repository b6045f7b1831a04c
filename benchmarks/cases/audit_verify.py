"""The cost of verifying an audit log."""

import json
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan
from benchmarks.processes import cost_in_turn
from replay_plugins.audit_log.format.chain import Chain
from replay_plugins.audit_log.format.checkpoints import Checkpoint, write_note
from replay_plugins.audit_log.verify.verifier import verify

LOG_ID: Final = "0" * 32
SESSION: Final = 1_000  #: records from one checkpoint to the next
FIELDS: Final = {
    "gen_ai.conversation.id": "s",
    "event": 1,
    "turn": 0,
    "type": "text",
    "complete": True,
    "source": "both",
    "content": {"length": 44, "hmac_sha256": "a" * 64},
}


def audit_verify(plan: Plan) -> Iterator[Figure]:
    """Compare verifying with hashing and decoding each line, and sizes of logs."""
    smallest, *larger = plan.records
    with TemporaryDirectory(prefix="replay-benchmark-") as folder:
        path = _log(Path(folder), smallest)
        yield from _against_floor(path, smallest, plan)
        for records in larger:
            yield from _growth(_log(Path(folder), records), records, path, plan)


def _against_floor(path: Path, records: int, plan: Plan) -> Iterator[Figure]:
    taken = time_in_turn(
        partial(verify, path), partial(_floor, path), seconds=plan.seconds
    )
    ours, theirs = ([each / records for each in side] for side in taken)
    peer = "sha256, json.loads"
    yield figure("audit-verify/record", peer, ours, theirs, events=records)


def _growth(path: Path, records: int, other: Path, plan: Plan) -> Iterator[Figure]:
    command = ("-m", "replay", "audit", "verify")
    costs = cost_in_turn(
        (*command, str(path)),
        (*command, str(other)),
        seconds=plan.seconds,
        value=lambda cost: cost.cpu,
    )
    peer = f"the same, {plan.records[0]:,} records"
    cpu = [[each.cpu for each in side] for side in costs]
    peak = [[each.peak for each in side] for side in costs]
    row = partial(figure, peer=peer, events=records)
    yield row("audit-verify/growth-cpu", ours=cpu[0], theirs=cpu[1])
    yield row("audit-verify/growth-peak", ours=peak[0], theirs=peak[1], unit="MB")


def _floor(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            sha256(line)
            json.loads(line)


def _log(folder: Path, records: int) -> Path:
    """Write a log of messages, with regular checkpoints."""
    chain, path = Chain(LOG_ID), folder / f"{records}.jsonl"
    with path.open("wb") as file:
        line = chain.line("log_opened", "bench", {"log": LOG_ID, "signed": False})
        while chain.size < records:
            file.write(line)
            chain.advance(line)
            is_due = chain.size % SESSION == 0
            line = (
                _checkpoint(chain) if is_due else chain.line("message", "bench", FIELDS)
            )
    return path


def _checkpoint(chain: Chain) -> bytes:
    made = Checkpoint(chain.origin, chain.size, chain.frontier.root())
    note = {"note": write_note(made.text()), "signed": False}
    return chain.line("checkpoint", "bench", note)
