"""What it costs to begin, in processes of their own."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from tempfile import gettempdir
from typing import Final

from benchmarks.children import cost_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan

NOTHING: Final = ("-c", "pass")
DEPENDENCIES: Final = ("-c", "import attrs, cattrs, pluggy, msgspec")
OFFICIAL: Final = ("-c", "import llama_cloud")
OURS: Final = {
    "import": ("-c", "import replay"),
    "all-of-it": (
        "-c",
        "from replay import ReplayEngine, coalesce, loads, open, transcript",
    ),
    "version": ("-m", "replay", "--version"),
}
HEAVY: Final = frozenset({"click", "requests", "rich", "tenacity"})


def start_up(plan: Plan) -> Iterator[Figure]:
    """Compare what we add to bare Python's start with what others add, in CPU time."""
    bare, needed, official, *ours = (
        [each.cpu for each in costs]
        for costs in cost_in_turn(
            *(NOTHING, DEPENDENCIES, OFFICIAL, *OURS.values()),
            seconds=4 * plan.seconds,
            value=lambda cost: cost.cpu,
        )
    )
    peers = {
        "attrs, cattrs, pluggy, msgspec": (needed, "at most 1.5"),
        "import llama_cloud": (official, ""),
    }
    for peer, (theirs, aim) in peers.items():
        for (name, command), taken in zip(OURS.items(), ours, strict=True):
            yield figure(
                f"start-up/{name}",
                peer,
                _less(taken, bare),
                _less(theirs, bare),
                aim=aim,
                note=_note(name, imported(command)),
            )


def _less(more: Sequence[float], less: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(more, less, strict=True)]


def _note(name: str, found: Sequence[str]) -> str:
    return f"start-up/{name} imports {', '.join(found) or 'none'} of {_HEAVY_NAMES}."


_HEAVY_NAMES: Final = ", ".join(sorted(HEAVY))


def imported(arguments: Sequence[str]) -> list[str]:
    """Return which of the heavy packages this Python imports, run with *arguments*."""
    done = subprocess.run(  # noqa: S603 - the commands are ours
        [sys.executable, "-X", "importtime", *arguments],
        cwd=gettempdir(),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    return sorted(names & HEAVY)
