"""The run that a capture is in: the model's responses up to the one that ends it."""

from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any, Final

import attrs

from replay_backends.formats.event_builder import (
    Event,
    EventBuilder,
    RunUsage,
    keep_with,
)
from replay_backends.formats.recording import Fate, Record

_DELTA: Final = {"text": "text_delta", "thinking": "thinking_delta"}


@attrs.define
class _Deltas:
    """The last deltas, while a further one of their kind would join them."""

    kind: str = ""  #: empty: something came after them
    response: int = 0  #: the number of the response that they are from
    part: object = None  #: the part of it
    text: StringIO = attrs.field(factory=StringIO)  #: smaller than a list of pieces


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
    _joined: str = ""
    _usage: RunUsage = attrs.field(factory=RunUsage)
    _end: tuple[str | None, dict[str, Any]] | None = None  # of the last response
    _deltas: _Deltas = attrs.field(factory=_Deltas)
    _responses: int = 0
    _origin: dict[str, object] = attrs.field(factory=dict)
    _last: Event | None = None  # the session's last event, held back

    def convert(
        self, convert: Callable[[Record], tuple[Fate, str]], record: Record
    ) -> tuple[Fate, str]:
        """Convert a record; its response's first event says where it is from."""
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

    def close(self, cut: Callable[[], None]) -> None:
        """End the run where the recording does, after *cut* ended the response."""
        self._release()
        cut()
        self.finish()

    def begin(self, origin: Mapping[str, object] | None = None) -> None:
        """Begin a response.

        What the one before it said of its end is kept with the last event.

        Args:
            origin: What is kept with its first event; None values are left out.
        """
        if self._end:
            error, imported = self._end
            if error is not None:
                self.finish()
            elif last := self._last_known():
                keep_with(last, imported)
        self._end = None
        self._responses += 1
        self._origin = _known(origin or {})

    def delta(
        self,
        kind: str,
        content: str,
        imported: Mapping[str, object] | None = None,
        part: object = None,
    ) -> None:
        """Add a delta of a part of the response; nothing if it is empty.

        Deltas of the response before it, which would become one message with it, get
        their final first.
        """
        if not content:
            return
        deltas = self._deltas
        if kind != deltas.kind or self._responses != deltas.response:
            if kind == deltas.kind:
                self.build.add(kind, {"made": True}, content=deltas.text.getvalue())
                self.build.note("final-made", "invented")
            self._deltas = deltas = _Deltas(kind, self._responses, part)
        elif part != deltas.part:
            self.build.note(self._joined, "changed")
            deltas.part = part
        deltas.text.write(content)
        self.build.add(_DELTA[kind], imported, content=content)

    def say(
        self, kind: str, content: str, imported: Mapping[str, object] | None = None
    ) -> Event | None:
        """Add a whole text or thinking, unless it is empty; return it."""
        said = self.build.say(kind, content, imported)
        if said:
            self.settle()
        return said

    def settle(self) -> None:
        """Note that no further delta will join the last ones."""
        self._deltas = _Deltas()

    def count(self, input_tokens: object, output_tokens: object) -> None:
        """Count a response and its tokens; None: not recorded."""
        self._usage.add(input_tokens, output_tokens)

    def end(
        self, error: str | None, imported: Mapping[str, Any], *, goes_on: bool
    ) -> None:
        """End a response.

        Args:
            error: Why it failed; None: it didn't.
            imported: What else is kept with a stop; None values are left out.
            goes_on: The run does if a further response follows; or a record of the
                same failure may.
        """
        self._end = error, _known(imported)
        if not goes_on:
            self.finish()

    def finish(self) -> None:
        """End the run if the end of its last response is recorded."""
        usage = self._usage
        if self._end:
            self.build.stop(usage, *self._end)
        elif len(sums := usage.as_object()) > 1:
            if last := self._last_known():
                last["imported"] = {**last.get("imported", {}), "usage": sums}
            else:
                self.build.keep("usage", sums)
            self.build.note("usage-without-stop", "moved")
        self._usage, self._end = RunUsage(), None
        self.settle()

    def _release(self) -> None:
        if self._last is not None:
            self.build.events.append(self._last)
            self._last = None

    def _last_known(self) -> Event | None:
        """Return the last event; None: there is none, or it is unknown."""
        last = self.build.events[-1] if self.build.events else None
        return last if last and "record" not in last else None


def _known(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}
