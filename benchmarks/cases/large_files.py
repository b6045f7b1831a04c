"""The command on files that may be larger than memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import inputs
from benchmarks.figures import Figure
from benchmarks.plan import Plan
from benchmarks.processes import cost_figures, cost_in_turn

WHOLE: Final = "import orjson, sys; orjson.loads(open(sys.argv[1], 'rb').read())"
REPLAY: Final = ("-m", "replay")


def large_file(plan: Plan) -> Iterator[Figure]:
    """Compare commands with reading the whole file, and a larger file with a smaller.

    Decoding the larger files whole takes more memory than many machines have.
    """
    smallest, *larger = plan.files
    with TemporaryDirectory(prefix="replay-benchmark-") as folder:
        path = _file(folder, smallest)
        yield from _against_orjson(path, smallest, plan)
        for events in larger:
            yield from _growth(_file(folder, events), events, path, smallest, plan)


def _file(folder: str, events: int) -> Path:
    path = Path(folder, f"{events}.json")
    inputs.write(path, events)
    return path


def _commands(path: Path, *, all_of_them: bool) -> Iterator[tuple[str, Sequence[str]]]:
    file = str(path)
    yield "transcript", (*REPLAY, "transcript", file)
    if all_of_them:
        yield "run", (*REPLAY, "run", "--plugin", "usage", file)
        yield "check", (*REPLAY, "check", file)
        yield "copy", (*REPLAY, "copy", file, f"{path.with_suffix('')}-copies")


def _against_orjson(path: Path, events: int, plan: Plan) -> Iterator[Figure]:
    whole = ("-c", WHOLE, str(path))
    for name, command in _commands(path, all_of_them=plan.all_commands):
        ours, theirs = cost_in_turn(
            command, whole, seconds=plan.seconds, value=lambda cost: cost.seconds
        )
        aims = ("at most 2", "", "below 64 MB") if name == "transcript" else ("",) * 3
        row = (f"large-file/{name}", "orjson.loads", (ours, theirs))
        yield from cost_figures(*row, events=events, aims=aims)


def _growth(
    path: Path, events: int, other: Path, fewer: int, plan: Plan
) -> Iterator[Figure]:
    commands = _commands(path, all_of_them=plan.all_commands)
    others = _commands(other, all_of_them=plan.all_commands)
    for (name, command), (_, same) in zip(commands, others, strict=True):
        costs = cost_in_turn(
            command, same, seconds=plan.seconds, value=lambda cost: cost.seconds
        )
        aims = ("", "", "below 64 MB") if name == "transcript" else ("",) * 3
        row = (f"large-file/{name}", f"the same, {fewer:,} events", costs)
        yield from cost_figures(*row, events=events, aims=aims)
