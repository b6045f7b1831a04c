"""The events in the frames of a live stream, and what was odd about the frames."""

from collections.abc import Callable, Iterator

from replay.codec import check_event, decode_event
from replay.diagnostics import Diagnostic
from replay.errors import DecodeError, LimitExceededError
from replay.events import Event
from replay.json_text import is_deeper, parse
from replay.limits import Limits
from replay_backends.sse import FRAME_BYTES, Decoder, Frame

_SHOWN = 60  # characters of what cannot be read
_MOST = 1000  # diagnostics; a stream may have no end


class EventDecoder:
    """Takes a stream's bytes, gives its events.

    Args:
        limits: How large things may be; a frame is at most 16 MiB all the same,
            unless ``event_bytes`` was raised.
        strict: Refuse frames and events that are not known or malformed.
        masked: Makes of a text what a diagnostic may show of it.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        strict: bool = False,
        masked: Callable[[str], str] = str,
    ) -> None:
        longest = limits.event_bytes
        is_raised = longest > Limits().event_bytes
        self._frames = Decoder(longest if is_raised else min(longest, FRAME_BYTES))
        self._limits = limits
        self._strict = strict
        self._masked = masked
        self.diagnostics: list[Diagnostic] = []  #: the first thousand

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take more bytes and yield the events that they complete.

        Raises:
            DecodeError: Something is larger than a limit, or wrong and *strict* is set.
        """
        for frame in self._frames.feed(data):
            if frame.data:
                yield from self._event(frame)

    def finish(self) -> None:
        """Take the end of the stream."""
        if self._frames.is_within_frame:
            self._say("torn-frame", "the stream ended before the frame did")

    def _event(self, frame: Frame) -> Iterator[Event]:
        try:
            value = parse(frame.data.encode()).value
        except LimitExceededError:
            raise
        except DecodeError as error:
            if self._strict:
                raise
            self._say("bad-frame", f"{error}: {self._masked(frame.data)[:_SHOWN]!a}")
            return
        if is_deeper(value, self._limits.depth + 1):
            reason = f"nested deeper than {self._limits.depth} levels"
            raise LimitExceededError(
                where="stream", reason=reason, hint="raise Limits(depth=…)"
            )
        if self._strict:
            check_event(value, "$")
        event = decode_event(value)
        if frame.name == "delta" and not event.type.endswith("_delta"):
            self._say("frame-name-differs", f"the event's type is {event.type!a}")
        yield event

    def _say(self, code: str, detail: str) -> None:
        if len(self.diagnostics) < _MOST:
            self.diagnostics.append(Diagnostic(code, None, detail))
