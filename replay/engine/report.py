"""Reports of replays, and the results of plugins in a batch."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias

import attrs

from replay.errors import PluginError
from replay.model.json_object import read_only


@attrs.frozen
class BatchResult:
    """A plugin's ``replay_batch_result`` for one session."""

    key: str  #: in hex; the same in each run until the session or the plugins change
    session_id: str  #: as plugins saw it; if they saw none, a digest in hex
    value: object  #: JSON


class BatchResults(Protocol):
    """A plugin's results, one for each session; they are not in memory."""

    def __len__(self) -> int:
        """Return the number of sessions."""

    def __iter__(self) -> Iterator[BatchResult]:
        """Yield the results in the order of the sessions; can be repeated."""


Outcome: TypeAlias = Literal["complete", "stopped", "failed"]
_OUTCOMES: Final[tuple[Outcome, ...]] = ("complete", "stopped", "failed")


def _counts() -> Any:  # noqa: ANN401 - attrs' own way of typing fields
    return attrs.field(factory=dict, converter=read_only)


@attrs.frozen
class ReplayReport:
    """The report of one replay, or the totals of an engine."""

    session_id: str | None  #: None: these are an engine's totals
    sessions: int = 1
    turns: int = 0
    #: how many, by event type; if a replay ended early, consecutive deltas count
    #: together
    events: Mapping[str, int] = _counts()
    messages: Mapping[str, int] = _counts()  #: how many, by kind
    diagnostics: Mapping[str, int] = _counts()  #: how many, by code
    plugin_errors: tuple[PluginError, ...] = ()  #: with ``on_plugin_error="isolate"``
    dropped_plugins: tuple[str, ...] = ()  #: failed too often, so no longer called
    #: by plugin; None: plugins were not timed
    seconds: Mapping[str, float] | None = attrs.field(default=None, converter=read_only)
    #: ``stopped``: a plugin raised StopReplay; ``failed``: an error ended the replay
    outcome: Outcome = "complete"

    def __add__(self, other: "ReplayReport") -> "ReplayReport":
        """Return the totals of both; the worse outcome counts."""
        totals = Totals()
        totals.add(self)
        totals.add(other)
        return totals.report()


@attrs.define(eq=False)
class Totals:
    """A running total of reports."""

    _sessions: int = attrs.field(default=0, init=False)
    _turns: int = attrs.field(default=0, init=False)
    _events: Counter[str] = attrs.field(factory=Counter, init=False)
    _messages: Counter[str] = attrs.field(factory=Counter, init=False)
    _diagnostics: Counter[str] = attrs.field(factory=Counter, init=False)
    _errors: list[PluginError] = attrs.field(factory=list, init=False)
    _dropped: dict[str, None] = attrs.field(factory=dict, init=False)
    _seconds: dict[str, float] | None = attrs.field(default=None, init=False)
    _outcome: Outcome = attrs.field(default="complete", init=False)

    def add(self, report: ReplayReport) -> None:
        """Add a report; the worse outcome counts."""
        self._sessions += report.sessions
        self._turns += report.turns
        _count(self._events, report.events)
        _count(self._messages, report.messages)
        _count(self._diagnostics, report.diagnostics)
        self._errors += report.plugin_errors
        self._dropped |= dict.fromkeys(report.dropped_plugins)
        if report.seconds is not None:
            seconds = self._seconds or {}
            for name, value in report.seconds.items():
                seconds[name] = seconds.get(name, 0) + value
            self._seconds = seconds
        self._outcome = max(self._outcome, report.outcome, key=_OUTCOMES.index)

    def report(self) -> ReplayReport:
        """Return the totals."""
        return ReplayReport(
            session_id=None,
            sessions=self._sessions,
            turns=self._turns,
            events=dict(self._events),
            messages=dict(self._messages),
            diagnostics=dict(self._diagnostics),
            plugin_errors=tuple(self._errors),
            dropped_plugins=tuple(self._dropped),
            seconds=self._seconds,
            outcome=self._outcome,
        )


def _count(totals: Counter[str], counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        totals[name] += count
