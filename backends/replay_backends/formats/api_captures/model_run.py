"""The run that a capture is in: the model's responses up to the one that ends it."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from replay_backends.formats.event_builder import Event, EventBuilder, RunUsage
from replay_backends.formats.recording import Fate, Record

_DELTA: Final = {"text": "text_delta", "thinking": "thinking_delta"}


@attrs.define
class _Deltas:
    """The last deltas, while a further one of their kind would join them."""

    kind: str = ""  #: empty: something came after them
    response: int = 0  #: the number of the response that they are from
    part: object = None  #: the part of it
    pieces: list[str] = attrs.field(factory=list)


@attrs.define
class Run:
    """A run: the events of its responses, their tokens and its end.

    A response that asks for tools ends, and the run may go on. So its end is held back
    until it is known what follows, and so is the session's last event.

    Args:
        build: Takes the events; within :meth:`convert`, its last event is the
            session's last one.
        joined: The code of the note that deltas of several parts stay joined.
    """

    build: EventBuilder
    _joined: str
    at: str = ""  #: the place of the record that is converted
    _usage: RunUsage = attrs.field(factory=RunUsage)
    _end: tuple[str | None, dict[str, object]] | None = None  # of the last response
    _deltas: _Deltas = attrs.field(factory=_Deltas)
    _responses: int = 0
    _origin: dict[str, object] = attrs.field(factory=dict)
    _last: Event | None = None  # the session's last event, held back

    def convert(
        self, convert: Callable[[Record], tuple[Fate, str]], record: Record
    ) -> tuple[Fate, str]:
        """Convert a record; its response's first event says where it is from."""
        self.at = record.at
        self._release()
        start = len(self.build.events)
        fate = convert(record)
        events = self.build.events
        if self._origin:
            for event in events[start:]:
                if "record" not in event and not event.get("imported", {}).get("made"):
                    event["imported"] = {**self._origin, **event.get("imported", {})}
                    self._origin = {}
                    break
        if events:
            self._last = events.pop()
        return fate

    def close(self) -> None:
        """End the run where the recording does, and hand out the last event."""
        self._release()
        self.finish()

    def begin(self, origin: Mapping[str, object]) -> None:
        """Begin a response.

        Args:
            origin: What is kept with its first event; None values are left out.
        """
        if self._end and self._end[0] is not None:
            self.finish()
        self._end = None
        self._responses += 1
        self._origin = {k: v for k, v in origin.items() if v is not None}

    def delta(
        self,
        kind: str,
        part: object,
        content: str,
        imported: Mapping[str, object] | None = None,
    ) -> None:
        """Add a delta of a part of the response; nothing if it is empty.

        Deltas of the response before it, which would become one message with it, get
        their final first.
        """
        if not content:
            return
        deltas = self._deltas
        if kind != deltas.kind:
            self._deltas = _Deltas(kind, self._responses, part, [content])
        elif self._responses != deltas.response:
            self.build.add(kind, {"made": True}, content="".join(deltas.pieces))
            self.build.report.note("final-made", self.at, "invented")
            self._deltas = _Deltas(kind, self._responses, part, [content])
        else:
            if part != deltas.part:
                self.build.report.note(self._joined, self.at, "changed")
                deltas.part = part
            deltas.pieces.append(content)
        self.build.add(_DELTA[kind], imported, content=content)

    def say(
        self, kind: str, content: str, imported: Mapping[str, object] | None = None
    ) -> None:
        """Add a whole text or thinking, unless it is empty."""
        if content:
            self.build.say(kind, content, imported)
            self.settle()

    def settle(self) -> None:
        """Note that no further delta will join the last ones."""
        self._deltas = _Deltas()

    def end(
        self,
        input_tokens: object,
        output_tokens: object,
        *,
        error: str | None,
        imported: Mapping[str, object],
        goes_on: bool,
    ) -> None:
        """End a response.

        Args:
            input_tokens: How many it took; None: not recorded.
            output_tokens: How many it gave; None: not recorded.
            error: Why it failed; None: it didn't.
            imported: What else is kept with a stop.
            goes_on: A further response may belong to the run.
        """
        self._usage.add(input_tokens, output_tokens)
        self._end = error, dict(imported)
        if not goes_on:
            self.finish()

    def fail(self, error: str, imported: Mapping[str, object]) -> None:
        """End the run with an error, unless a record of the same failure follows."""
        self._end = error, dict(imported)

    def finish(self) -> None:
        """End the run if the end of its last response is recorded."""
        usage = self._usage
        if self._end:
            error, imported = self._end
            self.build.stop(usage, error, imported)
        elif usage.responses and self.build.events:
            last = self.build.events[-1]
            last["imported"] = {**last.get("imported", {}), "usage": usage.as_object()}
            self.build.report.note("usage-without-stop", self.at, "moved")
        self._usage, self._end = RunUsage(), None
        self.settle()

    def _release(self) -> None:
        if self._last is not None:
            self.build.events.append(self._last)
            self._last = None
