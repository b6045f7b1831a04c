"""Deltas to messages, for any iterable of events; pure."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from replay.diagnostics import Diagnostic
from replay.events import Event, Text, TextDelta, Thinking, ThinkingDelta
from replay.messages import Message
from replay.parts import Deltas
from replay.walking import Advance, Walk


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
    walk, index = Walk(), 0
    for cls, group in groupby(events, type):
        if cls is TextDelta or cls is ThinkingDelta:
            contents: list[str] = []
            for delta in group:
                contents.append(delta.content)  # type: ignore[union-attr]  # it is one
                yield delta
            walk.step(Deltas(cls, contents, "".join(contents)), index)
            index += len(contents)
        else:
            for event in group:
                yield from _coalesced(event, walk.step(event, index), tell)
                index += 1
    advance = walk.finish()
    yield from advance.released
    for diagnostic in advance.diagnostics:
        tell(diagnostic)


def _coalesced(
    event: Event, advance: Advance, tell: Callable[[Diagnostic], object]
) -> Iterator[Event | Message]:
    yield from advance.released
    if not isinstance(event, Text | Thinking):
        yield event
    for diagnostic in advance.diagnostics:
        tell(diagnostic)
    yield from advance.settled
