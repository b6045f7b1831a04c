"""Events as the stream endpoint sends them: server-sent events."""

from collections.abc import Iterator
from typing import Final

from replay.events import Event, Stop, Text, Thinking
from replay.json_text import write

MEDIA_TYPE: Final = "text/event-stream; charset=utf-8"
PING: Final = b": ping\n\n"
DELTAS: Final = ("text_delta", "thinking_delta")


def frame(event: Event) -> bytes:
    """Return an event as one frame: its category, then its JSON object in one line."""
    value = event.as_object()
    kind = value.get("type") if isinstance(value, dict) else None
    name = b"delta" if kind in DELTAS else b"message"
    return b"event: %s\ndata: %s\n\n" % (name, write(value))


def altered(event: Event, fault: str | None) -> Iterator[Event]:
    """Yield what a faulty stream has in the place of an event.

    Args:
        event: What was recorded.
        fault: The name of a fault of streams; None: there is none.
    """
    if fault == "no-stop" and isinstance(event, Stop):
        return
    yield event
    if fault == "duplicate-final" and isinstance(event, Text | Thinking | Stop):
        yield event
