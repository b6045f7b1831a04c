"""A figure: what we took, what a peer took, and the ratio of the two."""

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
    events: int  #: how large the input is; 0: there is none
    peer: str  #: what it is compared with
    ours: float  #: the median of what we took, in *unit*
    theirs: float  #: the median of what the peer took, in *unit*
    unit: Unit  #: ``s``: seconds; ``MB``: 1,000,000 bytes
    ratio: Spread  #: ours to theirs, of each round; below 1 we took less
    rounds: int
    aim: str = ""  #: what the project wants; empty: it wants nothing in particular
    note: str = ""  #: a sentence to stand below the table

    @property
    def key(self) -> tuple[str, int, str]:
        """Return what tells this figure from the others of a run."""
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
    """Return the figure of what both sides took in the same rounds.

    All but these two are as in :class:`Figure`.

    Args:
        ours: What we took, round by round.
        theirs: What the peer took, round by round.
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
    """Return what one thing took longer than another, round by round.

    >>> difference([3.0, 5.0], [1.0, 2.0])
    [2.0, 3.0]
    """
    return [one - other for one, other in zip(more, less, strict=True)]
