"""Logs of Claude Code, read by us and by other programs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import replay
from benchmarks import coding_log, peers
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan
from benchmarks.processes import Cost, cost_figures, cost_in_turn

READ: Final = """
import sys, replay
for session in replay.open(sys.argv[1]):
    for event in session.events: pass
"""
AGENTPILE: Final = """
import sys, agentpile
for run in agentpile.load(sys.argv[1]): pass
"""
FASTER: Final = ("below 1", "below 1", "")


def foreign_log(plan: Plan) -> Iterator[Figure]:
    """Compare what reads a log with peers, and a log with one of another length."""
    lines, *lengths = plan.logs
    with TemporaryDirectory(prefix="replay-benchmark-") as folder:
        path = _log(folder, lines)
        ours = _commands(path)
        written = path.with_suffix(".md")
        others = {
            "markdown": ("claude-code-log", _claude_code_log(path, written)),
            "process": ("agentpile", ("-c", AGENTPILE, str(path))),
        }
        for name, (peer, command) in others.items():
            costs = _costs(ours[name], command, plan)
            row = (f"foreign-log/{name}", peer, costs)
            yield from cost_figures(*row, events=lines, aims=FASTER)
        yield _in_process(path, lines, plan)
        for length in lengths:
            command = _commands(_log(folder, length))["markdown"]
            costs = _costs(command, ours["markdown"], plan)
            row = ("foreign-log/growth", f"the same, {lines:,} lines", costs)
            yield from cost_figures(*row, events=length)


def _in_process(path: Path, lines: int, plan: Plan) -> Figure:
    """Compare reading a log with a peer, without the start of a process."""
    load = peers.agentpile_load()
    ours, theirs = time_in_turn(
        partial(_read, path), lambda: [*load(str(path))], seconds=plan.seconds
    )
    row = ("foreign-log/read", "agentpile", ours, theirs)
    return figure(*row, events=lines, aim="below 1")


def _read(path: Path) -> None:
    with replay.open(path) as source:
        for session in source:
            for _ in session.events:
                pass


def _log(folder: str, lines: int) -> Path:
    path = Path(folder, f"{lines}.jsonl")
    coding_log.write(path, lines)
    return path


def _commands(path: Path) -> Mapping[str, Sequence[str]]:
    transcript = ("-m", "replay", "transcript", "--format", "markdown", str(path))
    return {"markdown": transcript, "process": ("-c", READ, str(path))}


def _claude_code_log(path: Path, written: Path) -> Sequence[str]:
    options = ("--no-cache", "--format", "markdown", "--output", str(written))
    return ("-m", "claude_code_log.cli", str(path), *options)


def _costs(
    command: Sequence[str], other: Sequence[str], plan: Plan
) -> list[tuple[Cost, ...]]:
    return cost_in_turn(
        command, other, seconds=plan.seconds, value=lambda cost: cost.seconds
    )
