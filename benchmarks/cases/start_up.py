"""The cost of starting up, each time in a new process."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from tempfile import gettempdir
from typing import Final

from benchmarks.figures import Figure, difference, figure
from benchmarks.plan import Plan
from benchmarks.processes import cost_in_turn

NOTHING: Final = ("-c", "pass")
DEPENDENCIES: Final = ("-c", "import attrs, cattrs, pluggy, msgspec")
OFFICIAL: Final = ("-c", "import llama_cloud")
EVERYTHING: Final = "from replay import ReplayEngine, coalesce, loads, open, transcript"
OURS: Final = {
    "import": ("-c", "import replay"),
    "all-of-it": ("-c", EVERYTHING),
    "version": ("-m", "replay", "--version"),
}
TARGETS: Final = frozenset({"import", "all-of-it"})
HEAVY: Final = ("click", "requests", "rich", "tenacity")


def start_up(plan: Plan) -> Iterator[Figure]:
    """Compare the CPU time that we add to bare Python's start with that of others."""
    bare, needed, official, *ours = (
        [each.cpu for each in costs]
        for costs in cost_in_turn(
            *(NOTHING, DEPENDENCIES, OFFICIAL, *OURS.values()),
            seconds=4 * plan.seconds,
            value=lambda cost: cost.cpu,
        )
    )
    added = {name: difference(cpu, bare) for name, cpu in zip(OURS, ours, strict=True)}
    notes = {name: _note(name, command) for name, command in OURS.items()}
    for name, cpu in added.items():
        row = partial(figure, f"start-up/{name}", ours=cpu, note=notes[name])
        aim = "at most 1.5" if name in TARGETS else ""
        yield row(
            "attrs, cattrs, pluggy, msgspec", theirs=difference(needed, bare), aim=aim
        )
        yield row("import llama_cloud", theirs=difference(official, bare))


def _note(name: str, command: Sequence[str]) -> str:
    found, all_of_them = (", ".join(each) for each in (imported(command), HEAVY))
    return f"start-up/{name} imports {found or 'none'} of {all_of_them}."


def imported(arguments: Sequence[str]) -> list[str]:
    """Return the heavy packages that this Python imports when run with *arguments*."""
    done = subprocess.run(  # noqa: S603 - the commands are ours
        [sys.executable, "-X", "importtime", *arguments],
        cwd=gettempdir(),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    return [name for name in HEAVY if name in names]
