"""What is shown of a turn that is under way, and is rewritten."""

from collections.abc import Iterator, Sequence
from itertools import islice

from replay.arriving_events import ArrivingEvents
from replay.diagnostics import Diagnostic
from replay.errors import PluginError
from replay.events import Event, UserInput
from replay.live_histories import hidden
from replay.live_streams import Rewrite
from replay.sessions import Session


class Rewritten:
    """A turn as it is to be shown: each event once, as soon as it is known.

    Args:
        session_id: The session that the turn is added to.
        user_input: What the turn begins with.
        rewrite: Returns what is shown instead; it may hold events back.

    Raises:
        PluginError: It returned no turn.
    """

    def __init__(
        self, session_id: str, user_input: UserInput, rewrite: Rewrite
    ) -> None:
        self._arriving = ArrivingEvents(iter([user_input]))
        shown = rewrite(Session(session_id, events=self._arriving))
        self.session_id = shown.session_id
        first = next(iter(shown.events), None)
        if not isinstance(first, UserInput):
            reason = f"a turn begins with a user input, not {type(first).__name__}"
            raise PluginError(getattr(rewrite, "__name__", "rewrite"), reason)
        self.user_input = first
        self._events = shown.events
        self._given = 1

    def of(self, events: Iterator[Event]) -> Iterator[Event]:
        """Yield what is shown of the next events, and of those that were held back."""
        self._arriving.go_on_with(events)
        for event in islice(iter(self._events), self._given, None):
            self._given += 1
            yield event


def diagnosed(
    found: Sequence[Diagnostic], rewritten: Rewritten | None
) -> tuple[Diagnostic, ...]:
    """Return what is told of diagnostics where a turn is, or is not, rewritten."""
    return tuple(hidden(found) if rewritten else found)
