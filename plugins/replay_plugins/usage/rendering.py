"""What sessions cost as JSON and as a table, piece by piece, for any number of them."""

from collections.abc import Iterable, Iterator
from json import JSONEncoder
from typing import Final

from replay.sanitizing import escape_json, sanitize_line
from replay_plugins.usage.numbers import digits
from replay_plugins.usage.sums import SessionUsage, Sum

_HEADINGS: Final = (
    *("turns", "round trips", "input tokens", "output tokens", "ms", "errors"),
    "session",
)
_quoted: Final = JSONEncoder(ensure_ascii=False).encode


def as_json(usages: Iterable[SessionUsage]) -> Iterator[str]:
    """Yield JSON that tells what each session cost, and what all of them did."""
    total = Sum()
    yield '{"sessions": [\n'
    separator = ""
    for usage in usages:
        total.add(usage)
        yield separator + _object(usage)
        separator = ",\n"
    yield f'\n],\n"total": {_object(total.total())}}}\n'


def as_table(usages: Iterable[SessionUsage]) -> Iterator[str]:
    """Yield a table, line by line.

    Args:
        usages: They are walked twice: the columns are as wide as they must be.
    """
    total = Sum()
    widths = [*map(len, _HEADINGS)]
    for usage in usages:
        total.add(usage)
        widths = [*map(max, widths, map(len, _row(usage)))]
    last = _row(total.total())
    widths = [*map(max, widths, map(len, last))][:-1]
    layout = "".join(f"{{:>{width}}}  " for width in widths) + "{}\n"
    yield layout.format(*_HEADINGS)
    for usage in usages:
        yield layout.format(*_row(usage))
    yield layout.format(*last)


def _object(usage: SessionUsage) -> str:
    session_id = usage.session_id
    name = "null" if session_id is None else escape_json(_quoted(session_id))
    return (
        f'{{"session_id": {name}, '
        f'"turns": {digits(usage.turns)}, '
        f'"round_trips": {digits(usage.round_trips)}, '
        f'"total_input_tokens": {_said(usage.total_input_tokens, "null")}, '
        f'"total_output_tokens": {_said(usage.total_output_tokens, "null")}, '
        f'"duration_ms": {_time(usage.duration_ms)}, '
        f'"errors": {digits(usage.errors)}, '
        f'"complete": {"true" if usage.complete else "false"}}}'
    )


def _row(usage: SessionUsage) -> tuple[str, ...]:
    session_id = usage.session_id
    name = "total" if session_id is None else sanitize_line(session_id) or '""'
    return (
        digits(usage.turns),
        digits(usage.round_trips),
        _said(usage.total_input_tokens, "-"),
        _said(usage.total_output_tokens, "-"),
        digits(round(usage.duration_ms)),
        digits(usage.errors),
        name if usage.complete else f"{name} (incomplete)",
    )


def _said(number: int | None, nothing: str) -> str:
    return nothing if number is None else digits(number)


def _time(milliseconds: float) -> str:
    if isinstance(milliseconds, int):
        return digits(milliseconds)
    return repr(milliseconds)
