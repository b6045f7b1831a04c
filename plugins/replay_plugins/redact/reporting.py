"""What was replaced, as JSON and as a table: piece by piece, however much it is."""

from collections.abc import Iterable, Iterator
from json import JSONEncoder
from typing import Final

import attrs

from replay.sanitizing import escape_json, sanitize_line
from replay_plugins.redact.replacing import Redacted

_HEADINGS: Final = ("pseudonym", "length", "path", "session")
_encode: Final = JSONEncoder(ensure_ascii=False).encode


def as_json(report: Iterable[Redacted]) -> Iterator[str]:
    """Yield JSON that tells what was replaced."""
    yield '{"replaced": [\n'
    separator = ""
    for each in report:
        yield separator + escape_json(_encode(attrs.asdict(each, recurse=False)))
        separator = ",\n"
    yield "\n]}\n"


def as_table(report: Iterable[Redacted]) -> Iterator[str]:
    """Yield a table, line by line.

    Args:
        report: It is walked twice: the columns are as wide as they must be.
    """
    widths = [*map(len, _HEADINGS)]
    for each in report:
        widths = [*map(max, widths, map(len, _row(each)))]
    yield _line(_HEADINGS, widths)
    for each in report:
        yield _line(_row(each), widths)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(map(str.ljust, row, widths)).rstrip() + "\n"


def _row(each: Redacted) -> tuple[str, ...]:
    pseudonym = each.pseudonym or "-"
    session_id = sanitize_line(each.session_id)
    return pseudonym, str(each.length), sanitize_line(each.path), session_id
