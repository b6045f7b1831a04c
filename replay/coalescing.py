"""Deltas to messages, for any iterable of events; pure."""

from collections.abc import Callable, Iterable, Iterator

from replay.diagnostics import Diagnostic
from replay.events import Event, Text, Thinking
from replay.messages import Message
from replay.walking import Walk


def coalesce(
    events: Iterable[Event],
    *,
    on_diagnostic: Callable[[Diagnostic], object] | None = None,
) -> Iterator[Event | Message]:
    """Yield the events of a history, with its full events replaced by messages.

    Every message comes exactly once, at the latest with the next tool event, stop or
    user input, however its deltas were cut. All other events, deltas included, come
    as they are.

    Args:
        events: A history, oldest event first.
        on_diagnostic: Called with each odd thing as it is found; None: they are
            dropped.

    >>> from replay import Text, TextDelta
    >>> history = [TextDelta("Reve"), TextDelta("nue"), Text("Revenue")]
    >>> [item.content for item in coalesce(history)]
    ['Reve', 'nue', 'Revenue']
    """
    tell = on_diagnostic or (lambda _: None)
    walk = Walk()
    for index, event in enumerate(events):
        advance = walk.step(event, index)
        yield from advance.released
        if not isinstance(event, Text | Thinking):
            yield event
        for diagnostic in advance.diagnostics:
            tell(diagnostic)
        yield from advance.settled
    advance = walk.finish()
    yield from advance.released
    for diagnostic in advance.diagnostics:
        tell(diagnostic)
