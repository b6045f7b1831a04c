"""The plugin: adds up what sessions cost, and says so at the end."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import attrs

from replay import Context, ReplayReport, Session, Stop
from replay.batch_results import Results
from replay_plugins.telling import tell
from replay_plugins.usage.numbers import sum_of, time_of
from replay_plugins.usage.rendering import as_json, as_table
from replay_plugins.usage.sums import Merged, SessionUsage, Sum, as_value


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
