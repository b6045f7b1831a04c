"""The cost of recording a replay in an audit log."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import replay
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, difference, figure
from benchmarks.plan import Plan
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.log.log_writer import Sync

POLICIES: Final[dict[str, Sync]] = {"record": "record", "session": "session", "ms": 100}
MOST_EVENTS: Final = 200
EVENTS: Final = (
    replay.UserInput("How long is the notice period?"),
    replay.ToolCall("call_1", "retrieve", {"query": "notice period", "top_k": 1}),
    replay.ToolResult("call_1", "retrieve", {"results": [{"content": "Six months."}]}),
    replay.Text("Six months, to the end of a quarter (p. 12)."),
    replay.Stop(replay.Usage(5021, 38, turns=2), is_error=False),
)


def audit_log(plan: Plan) -> Iterator[Figure]:
    """Compare a record with writing the same line, under each policy.

    A record's time is the extra time of a replay with the plugin, its session's
    checkpoint included, divided by the number of records.
    """
    events = min(plan.sessions[-1], MOST_EVENTS)
    session = replay.Session("s", events=tuple(islice(cycle(EVENTS), events)))
    bare = partial(replay.ReplayEngine().replay, session)
    for name, sync in POLICIES.items():
        with TemporaryDirectory() as folder:
            path = Path(folder) / "audit.jsonl"
            engine = replay.ReplayEngine([AuditLog(path, sync=sync)])
            opened = path.stat().st_size
            engine.replay(session)
            lines = path.read_bytes()[opened:].splitlines(keepends=True)
            none, ours, plain, synced = (
                [taken / len(lines) for taken in each]
                for each in time_in_turn(
                    bare,
                    partial(engine.replay, session),
                    _writing(Path(folder) / "plain", lines, sync="never"),
                    _writing(Path(folder) / "synced", lines, sync=sync),
                    seconds=plan.seconds,
                )
            )
            engine.close()
        row = partial(figure, f"audit-log/{name}", ours=difference(ours, none))
        yield row("os.write", theirs=plain, events=events)
        yield row("os.write, fdatasync", theirs=synced, events=events)


def _writing(
    path: Path, lines: Sequence[bytes], *, sync: Sync | str
) -> Callable[[], None]:
    """Return a function that appends lines, and syncs as a policy demands."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write() -> None:
        for line in lines:
            os.write(descriptor, line)
            if sync == "record":
                os.fdatasync(descriptor)
        if sync != "never":
            os.fdatasync(descriptor)

    return write
