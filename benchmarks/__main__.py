"""``python -m benchmarks``, which measures and prints one table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cattrs

from benchmarks import peers, runs
from benchmarks.cases import CASES, measure
from benchmarks.plan import FULL, QUICK
from benchmarks.table import comparison, table


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cases named on the command line, and print the table.

    Args:
        arguments: Command-line arguments; None: those of this process.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    old = _read(parser, options.compare)
    names = list(dict.fromkeys(options.only or CASES))
    if missing := peers.missing(each for name in names for each in CASES[name].needs):
        parser.error(f"not installed: {', '.join(missing)}; `make bench` installs them")
    plan = FULL if options.full else QUICK
    new = runs.run(measure(names, plan, on_case=_announce))
    _print(table(new))
    if options.json:
        runs.write(options.json, new)
    if old:
        _print(f"\nRatios, compared with {options.compare} of {old.date}:\n")
        _print(comparison(old, new))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks", description="Print one table.")
    add = parser.add_argument
    add("--full", action="store_true", help="measure all sizes; takes long")
    add("--only", action="append", choices=CASES, metavar="NAME", help=", ".join(CASES))
    add("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    add("--compare", type=Path, metavar="FILE", help="show how such a file's changed")
    return parser


def _read(parser: argparse.ArgumentParser, path: Path | None) -> runs.Run | None:
    try:
        return runs.read(path) if path else None
    except (OSError, ValueError, cattrs.BaseValidationError) as error:
        parser.error(f"{path} does not hold the figures of a run: {error}")


def _announce(name: str) -> None:
    sys.stderr.write(f"measuring {name} ...\n")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
