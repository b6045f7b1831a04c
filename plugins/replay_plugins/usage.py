"""The plugin ``usage``: a report of the cost of sessions."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from json import JSONEncoder
from pathlib import Path
from typing import Any, Final

import attrs

from replay import BatchResults, Context, ReplayReport, Session, Stop
from replay.authoring import escape_json, sanitize_line
from replay_plugins.report_output import escape_text, unescape_text, write_report

__all__ = ["SessionUsage", "Usage"]

_EXACT_FLOATS: Final = 2**53  # a float does not hold every whole number beyond this
_PLAIN: Final = 2**63  # integers below are kept by every JSON reader
_HEADINGS: Final = (
    *("turns", "trips", "input", "output", "ms", "errors"),
    "session",
)
_encode: Final = JSONEncoder(ensure_ascii=False).encode


@attrs.frozen
class SessionUsage:
    """The cost of one session, or of all."""

    session_id: str | None  #: None: this is the total
    turns: int  #: of the chat
    round_trips: int  #: to the model
    total_input_tokens: int | None  #: None: the service never said
    total_output_tokens: int | None  #: None: the service never said
    duration_ms: float
    errors: int  #: turns that ended with an error
    complete: bool  #: False: a replay failed or was stopped; this is the cost up to it
    turns_without_tokens: int = 0  #: turns whose tokens the service didn't say


@attrs.define
class Sum:
    """The cost of many turns or sessions.

    Durations are added exactly. They are floats, or integers too large for one.
    """

    turns: int = 0
    round_trips: int = 0
    total_input_tokens: int | None = None
    total_output_tokens: int | None = None
    duration_ms: Fraction = Fraction()
    errors: int = 0
    complete: bool = True
    turns_without_tokens: int = 0

    def add(self, usage: SessionUsage) -> None:
        """Add a cost."""
        self.turns += usage.turns
        self.round_trips += usage.round_trips
        self.total_input_tokens = _sum(
            self.total_input_tokens, usage.total_input_tokens
        )
        self.total_output_tokens = _sum(
            self.total_output_tokens, usage.total_output_tokens
        )
        self.duration_ms += Fraction(usage.duration_ms)
        self.errors += usage.errors
        self.complete = self.complete and usage.complete
        self.turns_without_tokens += usage.turns_without_tokens

    def total(self, session_id: str | None = None) -> SessionUsage:
        """Return the sum."""
        exact, members = self.duration_ms, attrs.asdict(self)
        duration_ms = float(exact) if abs(exact) < _EXACT_FLOATS else round(exact)
        return SessionUsage(session_id, **members | {"duration_ms": duration_ms})


@attrs.define(eq=False)
class Usage:
    """A plugin that reports the cost of sessions when its engine is closed.

    If a turn has several stops, the last one counts. ``sessions`` and :meth:`total`
    have the numbers for programs.

    Args:
        json: Report JSON; False: a table, with rounded milliseconds.
        output: A file to write, whole or not at all; None: standard output.
    """

    json: bool = False
    output: Path | None = None
    sessions: list[SessionUsage] = attrs.field(factory=list, init=False)
    _ended: Sum = attrs.field(factory=Sum, init=False)  # turns of the session
    _last: tuple[int, Stop] | None = attrs.field(default=None, init=False)
    _merged: "BatchUsage | None" = attrs.field(default=None, init=False)  # of a batch

    def replay_session_start(self) -> None:
        """Reset the session's cost."""
        self._ended, self._last = Sum(), None

    def replay_stop(self, event: Stop, context: Context) -> None:
        """Keep the stop as its turn's last one."""
        if self._last and self._last[0] != context.turn:
            self._ended.add(_cost_of(self._last[1]))
        self._last = context.turn, event

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Add up the session's turns."""
        if self._last:
            self._ended.add(_cost_of(self._last[1]))
        ended = self._ended
        ended.turns_without_tokens += max(0, report.turns - ended.turns)
        ended.turns, ended.complete = report.turns, report.outcome == "complete"
        self.sessions.append(self._ended.total(session.session_id))

    def replay_batch_result(self) -> object:
        """Return the session's cost, and forget it; None: it was never replayed."""
        return as_value(self.sessions.pop()) if self.sessions else None

    def replay_batch_merge(self, results: BatchResults) -> None:
        """Use the costs of the batch's sessions."""
        self._merged = BatchUsage(results)

    def replay_close(self) -> None:
        """Print the report, or write it."""
        usages = self._merged or self.sessions
        report = as_json(usages) if self.json else as_table(usages)
        write_report(report, self.output)

    def total(self) -> SessionUsage:
        """Return the cost of all sessions."""
        total = Sum()
        for usage in self._merged or self.sessions:
            total.add(usage)
        return total.total()


def _cost_of(stop: Stop) -> SessionUsage:
    usage = stop.usage
    tokens = usage.total_input_tokens, usage.total_output_tokens
    return SessionUsage(
        None,
        1,
        usage.turns,
        *tokens,
        usage.duration_ms,
        int(stop.is_error),
        complete=True,
        turns_without_tokens=int(None in tokens),
    )


@attrs.frozen
class BatchUsage:
    """The costs of a batch's sessions, in order; they are not held in memory."""

    _results: BatchResults

    def __iter__(self) -> Iterator[SessionUsage]:
        """Yield the cost of each session, read again each time."""
        values = (each.value for each in self._results)
        return (_usage(value) for value in values if value is not None)


def as_value(usage: SessionUsage) -> list[object]:
    """Return a session's cost as a JSON value, for the merge of a batch."""
    session_id, *numbers = attrs.astuple(usage)
    return [escape_text(session_id or ""), *map(_kept, numbers)]


def _kept(number: float | None) -> float | str | None:
    """Return a number as a JSON value that no reader changes."""
    if isinstance(number, int) and not -_PLAIN < number < _PLAIN:
        return digits(number)
    return number


def _usage(value: Any) -> SessionUsage:  # noqa: ANN401 - what as_value returned
    session_id, *numbers = value
    return SessionUsage(unescape_text(session_id), *map(_number, numbers))


def _number(number: Any) -> Any:  # noqa: ANN401 - of whichever kind it was
    return int(Decimal(number)) if isinstance(number, str) else number


def as_json(usages: Iterable[SessionUsage]) -> Iterator[str]:
    """Yield JSON with the cost of each session, and of all."""
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
        usages: They are read twice, since columns are as wide as their widest cells.
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


def digits(number: int) -> str:
    """Return a whole number in digits, of which ``str`` writes at most 4,300."""
    return str(Decimal(number))


def _object(usage: SessionUsage) -> str:
    members = attrs.asdict(usage).items()
    return "{" + ", ".join(f'"{name}": {_json(each)}' for name, each in members) + "}"


def _json(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return digits(value)
    return escape_json(_encode(value))


def _row(usage: SessionUsage) -> tuple[str, ...]:
    session_id = usage.session_id
    name = "total" if session_id is None else sanitize_line(session_id) or '""'
    notes = [] if usage.complete else ["incomplete"]
    has_tokens = (usage.total_input_tokens, usage.total_output_tokens) != (None, None)
    if usage.turns_without_tokens and has_tokens:
        turns = "turn" if usage.turns_without_tokens == 1 else "turns"
        notes.append(f"no tokens for {digits(usage.turns_without_tokens)} {turns}")
    return (
        digits(usage.turns),
        digits(usage.round_trips),
        _said(usage.total_input_tokens),
        _said(usage.total_output_tokens),
        digits(round(usage.duration_ms)),
        digits(usage.errors),
        f"{name} ({', '.join(notes)})" if notes else name,
    )


def _said(number: int | None) -> str:
    return "-" if number is None else digits(number)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
