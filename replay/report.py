"""What happened in a replay, in numbers."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from replay.errors import PluginError
from replay.wire import read_only

Outcome: TypeAlias = Literal["complete", "stopped", "failed"]


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return dict(Counter(one) + Counter(other))


def _counts() -> Any:  # noqa: ANN401 - attrs' own way of typing fields
    return attrs.field(factory=dict, converter=read_only)


@attrs.frozen
class ReplayReport:
    """What one replay, or all the replays of an engine, came to."""

    session_id: str | None  #: None: these are an engine's totals
    sessions: int = 1
    turns: int = 0
    #: how many, by event type; of a replay that ended early, deltas that follow each
    #: other count together
    events: Mapping[str, int] = _counts()
    messages: Mapping[str, int] = _counts()  #: how many, by kind
    diagnostics: Mapping[str, int] = _counts()  #: how many, by code
    plugin_errors: tuple[PluginError, ...] = ()  #: with ``on_plugin_error="isolate"``
    dropped_plugins: tuple[str, ...] = ()  #: failed too often, and were not called on
    #: by plugin; None: was not asked for
    seconds: Mapping[str, float] | None = attrs.field(default=None, converter=read_only)
    #: ``stopped``: a plugin raised StopReplay; ``failed``: an error ended the replay
    outcome: Outcome = "complete"

    def __add__(self, other: "ReplayReport") -> "ReplayReport":
        """Return the totals of both; the worse outcome counts."""
        order: list[Outcome] = ["complete", "stopped", "failed"]
        return ReplayReport(
            session_id=None,
            sessions=self.sessions + other.sessions,
            turns=self.turns + other.turns,
            events=_sum(self.events, other.events),
            messages=_sum(self.messages, other.messages),
            diagnostics=_sum(self.diagnostics, other.diagnostics),
            plugin_errors=self.plugin_errors + other.plugin_errors,
            dropped_plugins=tuple(
                dict.fromkeys(self.dropped_plugins + other.dropped_plugins)
            ),
            seconds=_sum_seconds(self.seconds, other.seconds),
            outcome=max(self.outcome, other.outcome, key=order.index),
        )


def _sum_seconds(
    one: Mapping[str, float] | None, other: Mapping[str, float] | None
) -> Mapping[str, float] | None:
    if one is None or other is None:
        return other if one is None else one
    names = dict.fromkeys([*one, *other])
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}
