"""The events of a run, held until it is known what is put between them."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

import attrs

from replay_backends.formats.event_builder import Event, RunUsage
from replay_backends.formats.members import (
    int_in,
    number_in,
    object_in,
    sum_in,
    text_in,
)
from replay_backends.formats.recording import Record

_GOES_ON: Final = frozenset({"tool_use", "pause_turn"})  # reasons for a stop
_INPUT: Final = (
    "input_tokens",  # only those that were in no cache
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)


@attrs.define
class Response:
    """A model's response, which is spread over records."""

    is_new: bool  #: it isn't one that was counted before
    usage: dict[str, Any] = attrs.field(factory=dict)  #: as recorded
    stop_reason: str = ""
    first: Event | None = None  #: its first event that can tell its usage

    def see(self, message: Mapping[str, Any]) -> None:
        """Take in a record's message; the usage with the most output is the final one.

        The others are what the response began with.
        """
        self.stop_reason = text_in(message, "stop_reason") or self.stop_reason
        usage = object_in(message, "usage")
        if (_output(usage) or 0) >= (_output(self.usage) or 0):
            self.usage = {**self.usage, **usage} if self.usage else usage

    def tell(self) -> None:
        """Tell its usage in its first event, if there is one that can."""
        told = {"usage": self.usage, "stop_reason": self.stop_reason}
        known = {key: value for key, value in told.items() if value}
        if self.first is not None and self.is_new and known:
            self.first.setdefault("imported", {}).update(known)


def _output(usage: Mapping[str, Any]) -> int | None:
    return int_in(usage, "output_tokens")


def _input(usage: Mapping[str, Any]) -> int | None:
    """Return the tokens of the input, cached or not; None: not recorded."""
    return sum_in(usage, *_INPUT)


@attrs.define
class Run:
    """The events since the last prompt.

    A response's blocks belong together, and a stop follows the run's last event, not
    what the program added after it. So events are held until neither can change.
    """

    usage: RunUsage = attrs.field(factory=RunUsage)
    #: The tokens of each response that has an id.
    tokens: dict[str, dict[str, int]] = attrs.field(factory=dict)
    last: Response | None = None  #: the last response
    last_record: Record | None = None  #: its last record so far
    is_ended: bool = False  #: a record says that the run has ended
    _held: list[list[Event]] = attrs.field(factory=list)
    _open: dict[str, Response] = attrs.field(factory=dict)  # more records are to come
    #: The events of open responses, which more may be added to.
    _places: dict[str, list[Event]] = attrs.field(factory=dict)
    _end: int = 0  # how many of those held there are up to the run's last event

    @property
    def goes_on(self) -> bool:
        """Tell whether the last response waits for a tool or for itself."""
        reason = self.last and self.last.stop_reason
        return reason in _GOES_ON and not self.is_ended

    def respond(self, key: str, record: Record, *, is_new: bool) -> Response:
        """Take in a record of a response; its tokens count if it *is_new*."""
        response = self._open.get(key)
        if response is None:
            response = self._open[key] = Response(is_new)
        self.last, self.last_record, self.is_ended = response, record, False
        return response

    def add(self, events: list[Event]) -> None:
        """Add events of the run; of none, the place counts."""
        if events:
            self._held.append(events)
        self._end = len(self._held)

    def add_to(self, key: str, events: list[Event], *, is_whole: bool) -> None:
        """Add events of a response to those before; it ends with them if *is_whole*."""
        response = self._open[key]
        if response.first is None:
            able = (each for each in events if "record" not in each)
            response.first = next(able, None)
        if key in self._places:
            self._places[key] += events
        else:
            self.add(events)
            if events:
                self._places[key] = events
        if is_whole:
            self._count(key)

    def add_aside(self, events: list[Event]) -> None:
        """Add events that aren't of the run."""
        self._held.append(events)

    def interrupt(self) -> None:
        """Let no response that is open go on above this place."""
        for each in self._open.values():
            each.tell()
        self._places.clear()

    def count(self) -> None:
        """Count the tokens of all responses."""
        for key in [*self._open]:
            self._count(key)

    def _count(self, key: str) -> None:
        self._places.pop(key, None)
        response = self._open.pop(key)
        response.tell()
        if response.is_new:
            given, made = _input(response.usage), _output(response.usage)
            self.usage.add(given, made)
            if key and (given or made):
                self.tokens[key] = {
                    "input_tokens": given or 0,
                    "output_tokens": made or 0,
                }

    def released(self) -> list[Event]:
        """Return the events that need no longer be held, and let go of them."""
        if self._end <= 1 or self._places:
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
    stated = object_in(value, "usage")
    usage = RunUsage()
    usage.add(_input(stated), _output(stated))
    turns = int_in(value, "num_turns")
    usage.responses = responses if turns is None else turns
    usage.duration_ms = number_in(value, "duration_ms")
    return usage
