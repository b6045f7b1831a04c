"""Deltas of messages that a stream doesn't close with a final text."""

from collections.abc import Mapping
from typing import Final

import attrs

from replay_backends.formats.event_builder import EventBuilder

_FINALS: Final = {"text_delta": "text", "thinking_delta": "thinking"}


@attrs.define(eq=False)
class _Stretch:
    """The deltas of a kind in a row, which would be one message."""

    kind: str
    message: str  #: the id of the message that is under way
    parts: list[str]
    is_last: bool = True  #: no other event stands behind it


@attrs.define
class PendingDeltas:
    """The deltas since the last call, result, stop or prompt.

    Where another message of the same kind follows at once, the final text of the first
    is added: nothing else would tell them apart.
    """

    _build: EventBuilder
    _stretches: list[_Stretch] = attrs.field(factory=list)
    _left: set[tuple[str, str]] = attrs.field(factory=set)  # messages that others cut

    def add(
        self, kind: str, message: str, delta: str, imported: Mapping[str, object]
    ) -> None:
        """Add a delta, which isn't empty, of a message.

        Args:
            kind: ``text_delta`` or ``thinking_delta``.
            message: The message's id.
            delta: Its text.
            imported: What else its record held.
        """
        last = self._stretches[-1] if self._stretches else None
        if last and (last.kind, last.message) != (kind, message):
            self._left.add((last.kind, last.message))
            if last.message != message and (kind, message) in self._left:
                self._build.note("interleaved-blocks")
            if last.kind == kind and last.is_last:
                self._close(self._stretches.pop())
                last = None
        if last is None or last.kind != kind:
            last = _Stretch(kind, message, [])
            self._stretches.append(last)
        elif last.message != message:
            last.message = message
            self._build.note("blocks-joined")
        last.parts.append(delta)
        last.is_last = True
        self._build.add(kind, imported, content=delta)

    def close(self, kind: str) -> None:
        """Add the finals of a kind of delta: a whole message of it follows."""
        for each in reversed(self._stretches):
            if each.kind == kind:
                self._close(each)
        self._stretches = [each for each in self._stretches if each.kind != kind]

    def interrupt(self) -> None:
        """Take note that an unknown event stands behind the last delta."""
        if self._stretches:
            self._stretches[-1].is_last = False

    def end(self) -> None:
        """Forget the deltas: an event follows that ends any message."""
        self._stretches.clear()
        self._left.clear()

    def _close(self, stretch: _Stretch) -> None:
        content = "".join(stretch.parts)
        self._build.add(_FINALS[stretch.kind], {"made": True}, content=content)
        self._build.note("final-made", "invented")
