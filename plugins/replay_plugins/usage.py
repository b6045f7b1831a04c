"""What sessions cost: tokens, turns, time and errors."""

import json as json_text
import sys
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

import attrs

from replay import Context, ReplayReport, Session, Stop
from replay.sanitizing import escape_json, sanitize_line

_HEADINGS: Final = (
    *("turns", "round trips", "input tokens", "output tokens", "ms", "errors"),
    "session",
)
_EXACT_FLOATS: Final = 2**53  # beyond, a float holds not even every whole number


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
        self.total_input_tokens = _sum(
            (self.total_input_tokens, usage.total_input_tokens)
        )
        self.total_output_tokens = _sum(
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
        output: A file to write; None: standard output.
    """

    json: bool = False
    output: Path | None = None
    sessions: list[SessionUsage] = attrs.field(factory=list, init=False)
    _ended: _Ended = attrs.field(factory=_Ended, init=False)
    _last: tuple[int, Stop] | None = attrs.field(default=None, init=False)

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
                duration_ms=_time(ended.duration_ms),
                errors=ended.errors,
                complete=report.outcome == "complete",
            )
        )

    def replay_close(self) -> None:
        """Print what was added up, or write it."""
        text = self._as_json() if self.json else self._as_table()
        if self.output is not None:
            self.output.write_text(text, encoding="utf-8", newline="\n")
        elif sys.stdout is not None:  # as it is where standard output is closed
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def total(self) -> SessionUsage:
        """Return what all the sessions cost."""
        sessions = self.sessions
        return SessionUsage(
            session_id=None,
            turns=sum(each.turns for each in sessions),
            round_trips=sum(each.round_trips for each in sessions),
            total_input_tokens=_sum(each.total_input_tokens for each in sessions),
            total_output_tokens=_sum(each.total_output_tokens for each in sessions),
            duration_ms=_time(
                sum((Fraction(each.duration_ms) for each in sessions), Fraction())
            ),
            errors=sum(each.errors for each in sessions),
            complete=all(each.complete for each in sessions),
        )

    def _as_json(self) -> str:
        sessions = ",\n".join(map(_object, self.sessions))
        return f'{{"sessions": [\n{sessions}\n],\n"total": {_object(self.total())}}}\n'

    def _as_table(self) -> str:
        rows = [_HEADINGS, *map(_row, self.sessions), _row(self.total())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
        return "".join(
            "  ".join([*map(str.rjust, row, widths), row[-1]]) + "\n" for row in rows
        )


def _sum(values: Iterable[int | None]) -> int | None:
    """Return the sum of what was said; None where nothing was."""
    said = [value for value in values if value is not None]
    return sum(said) if said else None


def _time(total: Fraction) -> float:
    """Return a sum of floats, and of integers that may be too large for one."""
    return float(total) if abs(total) < _EXACT_FLOATS else round(total)


def _digits(number: int | None) -> str:
    """Return a number in digits, of which Python by itself writes 4,300 at most."""
    return "-" if number is None else str(Decimal(number))


def _row(usage: SessionUsage) -> tuple[str, ...]:
    numbers = (
        *(usage.turns, usage.round_trips),
        *(usage.total_input_tokens, usage.total_output_tokens),
        *(round(usage.duration_ms), usage.errors),
    )
    name = "total" if usage.session_id is None else sanitize_line(usage.session_id)
    note = "" if usage.complete else " (incomplete)"
    return (*map(_digits, numbers), (name or '""') + note)


def _object(usage: SessionUsage) -> str:
    members = (
        f'"{name}": {_value(value)}' for name, value in attrs.asdict(usage).items()
    )
    return f"{{{', '.join(members)}}}"


def _value(value: object) -> str:
    if type(value) is int:
        return _digits(value)
    return escape_json(json_text.dumps(value, ensure_ascii=False))
