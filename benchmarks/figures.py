"""A figure: our cost, a peer's cost, and the ratio of the two."""

from collections.abc import Sequence
from statistics import median
from typing import Literal, TypeAlias

import attrs

from benchmarks.spread import Spread

Unit: TypeAlias = Literal["s", "MB"]


@attrs.frozen
class Figure:
    """One row of the table."""

    case: str  #: such as ``bytes-to-engine/one-listener``; stays the same for ever
    events: int  #: size of the input; 0: there is none
    peer: str  #: what we are compared with
    ours: float  #: our median cost, in *unit*
    theirs: float  #: the peer's median cost, in *unit*
    unit: Unit  #: ``s``: seconds; ``MB``: 1,000,000 bytes
    ratio: Spread  #: ours to theirs in each round; below 1, we took less
    rounds: int
    aim: str = ""  #: the project's goal; empty: there is none
    note: str = ""  #: a sentence to print below the table

    @property
    def key(self) -> tuple[str, int, str]:
        """Return the key that identifies this figure in a run."""
        return self.case, self.events, self.peer


def figure(  # noqa: D417, PLR0913 - a row's columns, which Figure describes
    case: str,
    peer: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    events: int = 0,
    unit: Unit = "s",
    aim: str = "",
    note: str = "",
) -> Figure:
    """Return the figure for both sides' costs in the same rounds.

    All arguments but these two are as in :class:`Figure`.

    Args:
        ours: Our costs, round by round.
        theirs: The peer's costs, round by round.
    """
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Figure(
        case=case,
        events=events,
        peer=peer,
        ours=median(ours),
        theirs=median(theirs),
        unit=unit,
        ratio=Spread.of(ratios),
        rounds=len(ratios),
        aim=aim,
        note=note,
    )


def difference(more: Sequence[float], less: Sequence[float]) -> list[float]:
    """Return the extra cost of one thing over another, round by round.

    >>> difference([3.0, 5.0], [1.0, 2.0])
    [2.0, 3.0]
    """
    return [one - other for one, other in zip(more, less, strict=True)]
