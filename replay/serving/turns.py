"""Where the turns of a recorded session begin and end."""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

import attrs

from replay.engine import ReplayEngine
from replay.events import UserInput
from replay.hookspecs import Context
from replay.sessions import Session


@attrs.frozen
class Span:
    """The events of a turn, its ``user_input`` aside: ``events[start:stop]``."""

    prompt: str | None  #: what the user asked; None: the turn has no ``user_input``
    start: int
    stop: int


def spans_of(session: Session) -> tuple[Span, ...]:
    """Return the turns of *session*, as the engine counts them.

    A history in which no turn opens, though it has events, is one turn.
    """
    opened: list[tuple[int, UserInput | None]] = []

    def note(user_input: UserInput | None, context: Context) -> None:
        if context.index < end:  # at the end, it opens one for unknown events alone
            opened.append((context.index, user_input))

    end = len(session.events)
    ReplayEngine([{"turn_start": note}]).replay(session)
    if not opened and end:
        opened.append((0, None))
    starts = chain([index for index, _ in opened], [end])
    return tuple(
        _span(asked, begin, stop)
        for (begin, stop), (_, asked) in zip(pairwise(starts), opened, strict=True)
    )


def _span(asked: UserInput | None, begin: int, stop: int) -> Span:
    if asked is None:
        return Span(None, begin, stop)
    return Span(asked.content, begin + 1, stop)


def choose(spans: Sequence[Span], prompt: str, replayed: Iterable[int]) -> int | None:
    """Return the number of the turn that answers a prompt.

    That is one with this prompt, or any where there is none; among them the first
    that was not replayed yet, or the first of all.

    Args:
        spans: The turns to choose from.
        prompt: What the user asks.
        replayed: The numbers of the turns that were chosen before.

    Returns:
        None: there is no turn at all.
    """
    matching = [n for n, each in enumerate(spans) if each.prompt == prompt]
    candidates = matching or range(len(spans))
    before = frozenset(replayed)
    fresh = [number for number in candidates if number not in before]
    return next(iter(fresh or candidates), None)
