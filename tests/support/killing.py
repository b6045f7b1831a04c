"""Kill writers of an audit log at random moments, and count what is missing.

    python tests/support/killing.py DIRECTORY SYNC ROUNDS SEED

A child replays sessions with the plugin. A second plugin, called after it, tells each
hook through a pipe: what it told is acknowledged. All rounds write to one log. Prints
how many records were acknowledged, how many stood in the log beyond that, and how many
ends were torn. Fails where an acknowledged record is missing or the chain is broken.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import attrs

import replay
from audit_logs import Record, records_of
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.verify.verifier import verify

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAME = (
    *("session_start", "turn_start", "user_input", "tool_call", "tool_result"),
    *("stop", "unknown_event", "diagnostic", "turn_end", "session_end"),
)
#: The kind of record that each hook leads to.
HOOKS = dict(zip(SAME, SAME, strict=True)) | {"thinking": "message", "text": "message"}
SESSIONS: list[replay.Session] = []
OUR_OWN = ("log_opened", "recovered", "checkpoint")


@attrs.define
class Tally:
    """What came of all rounds."""

    rounds: int = 0
    acknowledged: int = 0
    beyond: int = 0  #: records that were written, and not acknowledged yet
    torn: int = 0
    parts: int = 0


def acknowledging(tell: Callable[[str], object]) -> dict[str, Callable[[], object]]:
    """Return a plugin that tells the kind of record that each hook leads to."""

    def telling(kind: str) -> Callable[[], object]:
        return lambda: tell(kind)

    return {hook: telling(kind) for hook, kind in HOOKS.items()}


def sessions() -> list[replay.Session]:
    """Return sessions with all kinds of events, replayed once: all is imported then."""
    names = ("two_turns", "deltas_only", "unknown_event", "error_stop")
    loaded = [replay.load(EXAMPLES / f"{name}.json") for name in names]
    for session in loaded:
        replay.ReplayEngine([{"event": lambda: None}]).replay(session)
    return loaded


def write(path: Path, pipe: int, options: dict[str, Any]) -> None:
    """Replay sessions into the log for ever."""

    def tell(kind: str) -> None:
        os.write(pipe, f"{kind}\n".encode())

    plugins = [AuditLog(path, **options), acknowledging(tell)]
    engine = replay.ReplayEngine(plugins)
    for number in count():
        engine.replay(SESSIONS[number % len(SESSIONS)])


def killed(path: Path, options: dict[str, Any], after: int) -> list[str]:
    """Have a child write until it has acknowledged so many; return all that it told."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reader)
            write(path, writer, options)
        finally:
            os._exit(1)
    os.close(writer)
    told = b""
    while told.count(b"\n") < after and (more := os.read(reader, 4096)):
        told += more
    os.kill(child, signal.SIGKILL)
    while more := os.read(reader, 4096):
        told += more
    os.close(reader)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the child failed"
    return told.decode().split()


def whole_records(path: Path) -> list[Record]:
    """Return a log's records, less a torn end, having seen that they are a chain."""
    if not path.exists():  # killed between two files
        return records_of(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    try:
        return records_of(path)
    finally:
        path.write_bytes(whole)


def main(folder: Path, sync: str, rounds: int, seed: int) -> Tally:
    """Kill so many children, and return what came of it."""
    SESSIONS[:] = sessions()
    AuditLog(folder / "warm").replay_close()
    random = Random(seed)  # noqa: S311 - when to kill is no secret
    path, tally, size = folder / "a", Tally(), 0
    for _ in range(rounds):
        options: dict[str, Any] = {
            "sync": int(sync) if sync.isdigit() else sync,
            "content": random.choice(["full", "digest", "committed"]),
            "max_bytes": random.choice([None, None, 10_000]),
        }
        told = killed(path, options, random.randrange(120))
        new = [r["kind"] for r in whole_records(path)[size:]]
        written = [kind for kind in new if kind not in OUR_OWN]
        assert written[: len(told)] == told, "an acknowledged record is missing"
        assert len(written) <= len(told) + 1
        size += len(new)
        tally.rounds += 1
        tally.acknowledged += len(told)
        tally.beyond += len(written) - len(told)
    AuditLog(path).replay_close()
    records = records_of(path)
    assert len(records) >= size
    assert not verify(path).problems
    tally.torn = sum(record["kind"] == "recovered" for record in records)
    tally.parts = len([*folder.glob("a.0*")])
    return tally


if __name__ == "__main__":
    directory, policy, number, start = sys.argv[1:]
    print(main(Path(directory), policy, int(number), int(start)))  # noqa: T201 - its output
