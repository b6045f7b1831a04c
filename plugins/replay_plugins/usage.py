"""The plugin: adds up what sessions cost, and says so at the end."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from json import JSONEncoder
from pathlib import Path
from typing import Any, Final

import attrs

from replay import Context, ReplayReport, Session, Stop
from replay.engine.report import Results
from replay.security.sanitization import escape_json, sanitize_line
from replay_plugins.report_output import kept_text, tell, text_of

_EXACT_FLOATS: Final = 2**53  # beyond, a float holds not even every whole number
_PRINTED: Final = 10**600  # Python by itself writes so many digits at the least
_PLAIN: Final = 2**63  # what every reader of JSON keeps as it is


def sum_of(values: Iterable[int | None]) -> int | None:
    """Return the sum of what was said; None where nothing was."""
    said = [value for value in values if value is not None]
    return sum(said) if said else None


def time_of(total: Fraction) -> float:
    """Return a sum of floats, and of integers that may be too large for one."""
    return float(total) if abs(total) < _EXACT_FLOATS else round(total)


def digits(number: int) -> str:
    """Return a whole number in digits, of which Python itself writes 4,300 at most."""
    if -_PRINTED < number < _PRINTED:
        return str(number)
    return str(Decimal(number))


def kept(number: float | None) -> float | str | None:
    """Return a number as a JSON value that any JSON text holds exactly."""
    if isinstance(number, int) and not -_PLAIN < number < _PLAIN:
        return digits(number)
    return number


_BITS: Final = 1074  # behind the point, of the smallest float


@attrs.frozen
class SessionUsage:
    """What one session cost, or all of them."""

    session_id: str | None  #: None: this is the total
    turns: int  #: of the chat
    round_trips: int  #: to the model
    total_input_tokens: int | None  #: None: the service never said
    total_output_tokens: int | None  #: None: the service never said
    duration_ms: float
    errors: int  #: turns that ended with an error
    complete: bool  #: False: a replay failed or was stopped; this is what it came to


@attrs.define
class Sum:
    """What many sessions cost, added up exactly."""

    turns: int = 0
    round_trips: int = 0
    total_input_tokens: int | None = None
    total_output_tokens: int | None = None
    errors: int = 0
    complete: bool = True
    _duration: int = 0  # in units of the smallest float: adding fractions is slow

    def add(self, usage: SessionUsage) -> None:
        """Add what a session cost."""
        self.turns += usage.turns
        self.round_trips += usage.round_trips
        self.total_input_tokens = sum_of(
            (self.total_input_tokens, usage.total_input_tokens)
        )
        self.total_output_tokens = sum_of(
            (self.total_output_tokens, usage.total_output_tokens)
        )
        number, parts = usage.duration_ms.as_integer_ratio()
        self._duration += (number << _BITS) // parts
        self.errors += usage.errors
        self.complete = self.complete and usage.complete

    def total(self) -> SessionUsage:
        """Return what all of them cost."""
        return SessionUsage(
            session_id=None,
            turns=self.turns,
            round_trips=self.round_trips,
            total_input_tokens=self.total_input_tokens,
            total_output_tokens=self.total_output_tokens,
            duration_ms=time_of(Fraction(self._duration, 1 << _BITS)),
            errors=self.errors,
            complete=self.complete,
        )


@attrs.frozen
class Merged:
    """What the sessions of a batch cost, in their order; not in memory."""

    _results: Results

    def __iter__(self) -> Iterator[SessionUsage]:
        """Yield what each session cost, each time anew."""
        values = (each.value for each in self._results)
        return (_usage(value) for value in values if value is not None)


def as_value(usage: SessionUsage) -> list[object]:
    """Return what a session cost as a JSON value, from which a batch is merged."""
    return [
        kept_text(usage.session_id or ""),
        *map(kept, (usage.turns, usage.round_trips)),
        *map(kept, (usage.total_input_tokens, usage.total_output_tokens)),
        *map(kept, (usage.duration_ms, usage.errors)),
        usage.complete,
    ]


def _usage(value: Any) -> SessionUsage:  # noqa: ANN401 - what as_value returned
    session_id, *numbers, complete = value
    members = [text_of(session_id), *map(_number, numbers), complete]
    return SessionUsage(*members)


def _number(number: Any) -> Any:  # noqa: ANN401 - of whichever kind it was
    return int(Decimal(number)) if isinstance(number, str) else number


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


@attrs.define
class _Ended:
    """What a session's turns came to, of those that have ended."""

    round_trips: int = 0
    total_input_tokens: int | None = None
    total_output_tokens: int | None = None
    duration_ms: Fraction = Fraction()
    errors: int = 0

    def add(self, stop: Stop) -> None:
        usage = stop.usage
        self.round_trips += usage.turns
        self.total_input_tokens = sum_of(
            (self.total_input_tokens, usage.total_input_tokens)
        )
        self.total_output_tokens = sum_of(
            (self.total_output_tokens, usage.total_output_tokens)
        )
        self.duration_ms += Fraction(usage.duration_ms)
        self.errors += stop.is_error


@attrs.define(eq=False)
class Usage:
    """Adds up what sessions cost, and says so when its engine is closed.

    Of a turn with several stops, the last one counts. ``sessions`` and :meth:`total`
    have the numbers for programs.

    Args:
        json: Say it as JSON; False: as a table, its milliseconds rounded.
        output: A file to write, whole or not at all; None: standard output.
    """

    json: bool = False
    output: Path | None = None
    sessions: list[SessionUsage] = attrs.field(factory=list, init=False)
    _ended: _Ended = attrs.field(factory=_Ended, init=False)
    _last: tuple[int, Stop] | None = attrs.field(default=None, init=False)
    _merged: Merged | None = attrs.field(default=None, init=False)  # of a batch

    def replay_session_start(self) -> None:
        """Begin anew."""
        self._ended, self._last = _Ended(), None

    def replay_stop(self, event: Stop, context: Context) -> None:
        """Keep it as its turn's last stop."""
        if self._last and self._last[0] != context.turn:
            self._ended.add(self._last[1])
        self._last = context.turn, event

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Add up the session's turns."""
        ended = self._ended
        if self._last:
            ended.add(self._last[1])
        self.sessions.append(
            SessionUsage(
                session_id=session.session_id,
                turns=report.turns,
                round_trips=ended.round_trips,
                total_input_tokens=ended.total_input_tokens,
                total_output_tokens=ended.total_output_tokens,
                duration_ms=time_of(ended.duration_ms),
                errors=ended.errors,
                complete=report.outcome == "complete",
            )
        )

    def replay_batch_result(self) -> object:
        """Return what the session cost, and forget it; None: nobody was shown it."""
        return as_value(self.sessions.pop()) if self.sessions else None

    def replay_batch_merge(self, results: Results) -> None:
        """Take over what the sessions cost."""
        self._merged = Merged(results)

    def replay_close(self) -> None:
        """Print what was added up, or write it."""
        usages = self._usages()
        tell(as_json(usages) if self.json else as_table(usages), self.output)

    def total(self) -> SessionUsage:
        """Return what all the sessions cost."""
        total = Sum()
        for usage in self._usages():
            total.add(usage)
        return total.total()

    def _usages(self) -> Iterable[SessionUsage]:
        return self.sessions if self._merged is None else self._merged


__all__ = ["SessionUsage", "Usage"]
