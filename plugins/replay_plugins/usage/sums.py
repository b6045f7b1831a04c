"""What a session cost, and what many of them did."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import attrs

from replay.batch_results import Results
from replay_plugins.kept_text import kept_text, text_of
from replay_plugins.usage.numbers import kept, sum_of, time_of

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
