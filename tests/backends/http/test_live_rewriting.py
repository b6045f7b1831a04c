"""What is shown of a turn that is under way, and is rewritten."""

from collections.abc import Iterator

import attrs
import pytest

from replay import Event, PluginError, Session, Stop, Text, TextDelta, Usage, UserInput
from replay_backends.http.live import _RewrittenTurn as Rewritten
from replay_plugins.redact import Redactor

ASKED = UserInput("to b@example.org?")
END = Stop(Usage(), is_error=False)


def rewritten() -> Rewritten:
    return Rewritten("c@example.org", ASKED, Redactor().session)


def test_its_id_and_its_user_input_are_known_at_once() -> None:
    turn = rewritten()
    assert (turn.session_id, turn.user_input) == (
        "<EMAIL_1>",
        UserInput("to <EMAIL_2>?"),
    )


def test_what_was_held_back_comes_with_the_rest_each_event_once() -> None:
    turn = rewritten()
    assert [*turn.of(iter([Text("a"), END]))] == [Text("a"), END]

    def broken() -> Iterator[Event]:
        yield TextDelta("d@exam")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        next(turn.of(broken()))
    assert [*turn.of(iter([TextDelta("ple.org"), END]))] == [
        TextDelta("<EMAIL_3>"),
        TextDelta(""),
        END,
    ]


def test_a_turn_without_its_user_input_is_refused() -> None:
    def emptied(session: Session) -> Session:
        return attrs.evolve(session, events=[])

    with pytest.raises(PluginError, match="'emptied': a turn begins with a user input"):
        Rewritten("s", ASKED, emptied)
