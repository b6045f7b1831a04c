"""Plain-text tables of runs."""

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.figures import Figure, Unit
from benchmarks.runs import Run
from benchmarks.spread import Spread

GARBAGE: Final = "garbage collector: on; collected before each timing"
TITLES: Final = (
    *("case", "events", "ours", "theirs", "peer", "ratio", "quartiles", "rounds"),
    "aim",
)
LEFT: Final = frozenset({"case", "peer", "aim", "quartiles"})  # the others: numbers
SMALLER: Final = (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3))  # parts of a second
LARGE: Final = 1_000  # from here on, decimals are noise


def table(run: Run) -> str:
    """Return a run as a table, headed by its environment."""
    packages = [f"{name} {version}" for name, version in run.packages.items()]
    notes = dict.fromkeys(each.note for each in run.figures if each.note)
    return "\n".join(
        [
            f"{run.date}, {run.python}, {run.system}",
            f"{run.cores} cores, {run.processor}",
            *(", ".join(packages[at : at + 6]) for at in range(0, len(packages), 6)),
            GARBAGE,
            "",
            columns(TITLES, [_row(each) for each in run.figures]),
            *(["", *notes] if notes else []),
        ]
    )


def comparison(old: Run, new: Run) -> str:
    """Return a table of the changes of the ratios from one run to the other.

    ``-50%`` means that our cost is half of what it was, relative to the peer's.
    Figures that only one of the runs has are listed without a change.
    """
    before = {each.key: each for each in old.figures}
    after = {each.key: each for each in new.figures}
    rows = [
        (*_names(*key), *_change(before.get(key), after.get(key)))
        for key in dict.fromkeys([*after, *before])
    ]
    return columns(("case", "events", "peer", "before", "after", "change"), rows)


def columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return *rows* below their titles, names aligned left and numbers right."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    lines = (
        "  ".join(
            cell.ljust(width) if title in LEFT else cell.rjust(width)
            for title, cell, width in zip(titles, row, widths, strict=True)
        ).rstrip()
        for row in (titles, rule, *rows)
    )
    return "\n".join(lines)


def _row(figure: Figure) -> Sequence[str]:
    case, events, peer = _names(*figure.key)
    ours, theirs = (amount(each, figure.unit) for each in (figure.ours, figure.theirs))
    spread = f"{ratio(figure.ratio.low)} to {ratio(figure.ratio.high)}"
    middle = ratio(figure.ratio.median)
    return (
        case,
        events,
        ours,
        theirs,
        peer,
        middle,
        spread,
        str(figure.rounds),
        figure.aim,
    )


def _names(case: str, events: int, peer: str) -> tuple[str, str, str]:
    return case, f"{events:,}" if events else "", peer


def _change(old: Figure | None, new: Figure | None) -> Iterator[str]:
    yield ratio(old.ratio.median) if old else ""
    yield ratio(new.ratio.median) if new else ""
    yield f"{_growth(old.ratio, new.ratio):+.0%}" if old and new else ""


def _growth(old: Spread, new: Spread) -> float:
    return new.median / old.median - 1


def ratio(number: float) -> str:
    """Return a ratio with three digits.

    >>> [ratio(number) for number in (0.01234, 1.5, 33.333, 1234.5)]
    ['0.0123', '1.50', '33.3', '1,234']
    """
    if abs(number) >= LARGE:
        return f"{number:,.0f}"
    return f"{number:#.3g}".removesuffix(".")


def amount(number: float, unit: Unit) -> str:
    """Return a cost with three digits and a fitting unit.

    >>> [amount(1.5, "s"), amount(0.00123, "s"), amount(45e-9, "s"), amount(31.0, "MB")]
    ['1.50 s', '1.23 ms', '45.0 ns', '31.0 MB']
    """
    for small, size in SMALLER:
        if unit == "s" and abs(number) < 1_000 * size:
            return f"{ratio(number / size)} {small}"
    return f"{ratio(number)} {unit}"
