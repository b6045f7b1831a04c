"""The events of a run, held until it is known what is put between them."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.claude_code.entries import member_of, number_of
from replay_backends.formats.agent_logs.claude_code.outline import (
    Response,
    input_tokens,
)
from replay_backends.formats.event_builder import Event, RunUsage
from replay_backends.formats.recording import Record

_GOES_ON: Final = frozenset({"tool_use", "pause_turn"})  # reasons for a stop


@attrs.define
class Run:
    """The events since the last prompt.

    A response's blocks belong together, and a stop follows the run's last event, not
    what the program added after it. So events are held until neither can change.
    """

    usage: RunUsage = attrs.field(factory=RunUsage)
    last: Response | None = None  #: the last response
    last_record: Record | None = None  #: its last record so far
    is_ended: bool = False  #: a record says that the run has ended
    _held: list[list[Event]] = attrs.field(factory=list)
    #: Of the responses of which records are to come.
    _open: dict[str, list[Event]] = attrs.field(factory=dict)
    _end: int = 0  # how many of those held there are up to the run's last event

    @property
    def goes_on(self) -> bool:
        """Tell whether the last response waits for a tool or for itself."""
        reason = self.last and self.last.stop_reason
        return reason in _GOES_ON and not self.is_ended

    def respond(self, response: Response, record: Record, *, is_new: bool) -> None:
        """Take in a record of a response; its tokens count once."""
        self.last, self.last_record, self.is_ended = response, record, False
        if is_new:
            usage = response.usage
            self.usage.add(input_tokens(usage), usage.get("output_tokens"))

    def add(
        self, events: list[Event], response: str = "", *, is_whole: bool = True
    ) -> None:
        """Add events of the run.

        Args:
            events: The events; of none, the place counts.
            response: The response that they are of.
            is_whole: No more records of that response are to come.
        """
        if response in self._open:
            self._open[response] += events
        elif events:
            self._held.append(events)
            self._end = len(self._held)
            if not is_whole:
                self._open[response] = events
        else:
            self._end = len(self._held)
        if is_whole:
            self._open.pop(response, None)

    def add_aside(self, events: list[Event]) -> None:
        """Add events that aren't of the run."""
        if events:
            self._held.append(events)

    def interrupt(self) -> None:
        """Let no response that is open go on above this place."""
        self._open.clear()

    def released(self) -> list[Event]:
        """Return the events that need no longer be held, and let go of them."""
        if self._open or self._end <= 1:
            return []
        ready = [*chain.from_iterable(self._held[: self._end - 1])]
        del self._held[: self._end - 1]
        self._end = 1
        return ready

    def last_event(self) -> Event | None:
        """Return the run's last event, if it is still held."""
        return self._held[self._end - 1][-1] if self._end else None

    def closed(self, stop: list[Event]) -> list[Event]:
        """Return all events that are held, with a stop after the run's last one."""
        held = [*self._held[: self._end], stop, *self._held[self._end :]]
        return [*chain.from_iterable(held)]


def usage_of_result(value: Mapping[str, Any], responses: int) -> RunUsage:
    """Return the usage that the result of a printed stream states.

    Args:
        value: The result.
        responses: How many responses there were, if it doesn't say.
    """
    stated = member_of(value, "usage")
    usage = RunUsage()
    usage.add(input_tokens(stated), stated.get("output_tokens"))
    turns = value.get("num_turns")
    usage.responses = turns if isinstance(turns, int) else responses
    usage.duration_ms = number_of(value, "duration_ms")
    return usage
