"""The run that a chat is in: the responses up to the one that ends it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.event_builder import Event, EventBuilder, RunUsage
from replay_backends.formats.recording import Fate, Record

_DELTA: Final = {"text": "text_delta", "thinking": "thinking_delta"}


@attrs.define
class _Deltas:
    """The last deltas, while a further one of their kind would join them."""

    kind: str = ""  #: empty: something came after them
    response: int = 0  #: the number of the response that they are from
    pieces: list[str] = attrs.field(factory=list)


@attrs.frozen
class _End:
    """The recorded end of a response."""

    error: str | None
    imported: Mapping[str, Any]
    goes_on: bool  #: a further response may belong to the run


@attrs.define
class Run:
    """A run: its responses' tokens, and its end.

    A response that asks for tools ends, and the run may go on. So its end is held back
    until it is known what follows, and so is the session's last event.

    Args:
        build: Takes the events.
        at: The place of the record that is converted.
    """

    build: EventBuilder
    at: str = ""
    _usage: RunUsage = attrs.field(factory=RunUsage)
    _end: _End | None = None  # of the last response
    _deltas: _Deltas = attrs.field(factory=_Deltas)
    _responses: int = 0
    _last: Event | None = None  # the session's last event, held back

    def convert(
        self, convert: Callable[[Record], tuple[Fate, str]], record: Record
    ) -> tuple[Fate, str]:
        """Convert a record, and hold back the last event."""
        self.at = record.at
        self.release()
        fate = convert(record)
        if self.build.events:
            self._last = self.build.events.pop()
        return fate

    def begin(self) -> None:
        """Begin a response.

        What the one before it says of its end is kept with the last event.
        """
        if self._end and not self._end.goes_on:
            self.finish()
        elif self._end:
            self._keep_with_last(self._end.imported)
        self._end = None
        self._responses += 1

    def delta(self, kind: str, content: str, imported: Mapping[str, object]) -> None:
        """Add a delta.

        Deltas of the response before it, which would become one message with it, get
        their final first.
        """
        deltas = self._deltas
        if kind == deltas.kind and self._responses == deltas.response:
            deltas.pieces.append(content)
        else:
            if kind == deltas.kind:
                self.build.add(kind, {"made": True}, content="".join(deltas.pieces))
                self.build.report.note("final-made", self.at, "invented")
            self._deltas = _Deltas(kind, self._responses, [content])
        self.build.add(_DELTA[kind], imported, content=content)

    def settle(self) -> None:
        """Note that no further delta will join the last ones."""
        self._deltas = _Deltas()

    def count(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Add a response's tokens; None: not recorded."""
        self._usage.add(input_tokens, output_tokens)

    def end(
        self, *, error: str | None, imported: Mapping[str, Any], goes_on: bool
    ) -> None:
        """End a response.

        Args:
            error: Why it failed; None: it didn't.
            imported: What else is kept with a stop.
            goes_on: A further response may belong to the run.
        """
        self._end = _End(error, imported, goes_on)

    def finish(self) -> None:
        """End the run if the end of its last response is recorded."""
        usage = self._usage
        if self._end:
            self.build.stop(usage, self._end.error, self._end.imported)
        elif len(sums := usage.as_object()) > 1:
            if not self._keep_with_last({"usage": sums}):
                self.build.keep("usage", sums)
            self.build.report.note("usage-without-stop", self.at, "moved")
        self._usage, self._end = RunUsage(), None
        self.settle()

    def release(self) -> None:
        """Hand out the event that was held back."""
        if self._last is not None:
            self.build.events.append(self._last)
            self._last = None

    def _keep_with_last(self, members: Mapping[str, Any]) -> bool:
        """Keep more with the last event; return False if it's missing or unknown."""
        last = self.build.events[-1] if self.build.events else None
        if last is None or "record" in last:
            return False
        last["imported"] = {**last.get("imported", {}), **members}
        return True
