"""The cost of a command as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import Final

import attrs

from benchmarks.figures import Figure, figure
from benchmarks.rounds import alternate

LAUNCH: Final = str(Path(__file__).with_name("launch.py"))
KILOBYTE: Final = 1 if sys.platform == "darwin" else 1024  #: getrusage's unit, in bytes


@attrs.frozen
class Cost:
    """The cost of one run of a command."""

    seconds: float  #: from its start to its end
    cpu: float  #: CPU seconds, including the kernel's
    peak: float  #: memory at its peak, in MB of 1,000,000 bytes


def cost(arguments: Sequence[str]) -> Cost:
    """Run this Python with *arguments*, away from the sources, and return its cost.

    Raises:
        subprocess.CalledProcessError: It failed; a note holds its error output.
    """
    command = [sys.executable, *arguments]
    launched = subprocess.run(  # noqa: S603 - the commands are ours
        [sys.executable, "-I", "-S", LAUNCH, *command],
        cwd=gettempdir(),
        capture_output=True,
        check=True,
    )
    taken = json.loads(launched.stdout)
    if taken["exit_code"]:
        error = subprocess.CalledProcessError(taken["exit_code"], command)
        error.add_note(launched.stderr.decode(errors="replace"))
        raise error
    return Cost(taken["seconds"], taken["cpu"], taken["peak"] * KILOBYTE / 1e6)


def cost_in_turn(
    *commands: Sequence[str], seconds: float, value: Callable[[Cost], float]
) -> list[tuple[Cost, ...]]:
    """Return the cost of each command, round by round.

    Args:
        commands: Arguments for this Python, of at least two commands.
        seconds: Approximate time for all rounds.
        value: The number in a cost that shows whether there were enough rounds.

    Raises:
        subprocess.CalledProcessError: A command failed; a note holds its error output.
    """
    measures = [partial(cost, each) for each in commands]
    rounds = alternate(measures, seconds=seconds, value=value)
    return list(zip(*rounds, strict=True))


def cost_figures(
    case: str,
    peer: str,
    costs: Sequence[Sequence[Cost]],
    *,
    events: int,
    aims: tuple[str, str, str] = ("", "", ""),
) -> Iterator[Figure]:
    """Yield the figures of two commands: time, CPU time and memory.

    Args:
        case: The beginning of their names.
        peer: What the other command is.
        costs: Our costs and the other's, from the same rounds.
        events: Size of the input.
        aims: The project's goal for each figure.
    """
    time, cpu, peak = aims
    wall = [[each.seconds for each in side] for side in costs]
    yield figure(f"{case}-time", peer, *wall, events=events, aim=time)
    processor = [[each.cpu for each in side] for side in costs]
    yield figure(f"{case}-cpu", peer, *processor, events=events, aim=cpu)
    peaks = [[each.peak for each in side] for side in costs]
    yield figure(f"{case}-peak", peer, *peaks, events=events, unit="MB", aim=peak)
