"""Odd histories: the same for the same seed, and odd in every way."""

import pytest

from replay import Transcript, dumps, loads, transcript
from replay.model.diagnostics import CODES
from replay.testing import odd_histories
from replay.testing.histories import HOSTILE_IDS, ODDITIES, cut_anew

SHORT = tuple(odd_histories(longest=200))

#: What only a document, a source or a stream can be, not a history.
NOT_OF_HISTORIES = {"byte-order-mark", "duplicate-key", "repeated-session-id"}
NOT_OF_HISTORIES |= {"bad-frame", "frame-name-differs", "torn-frame", "torn-line"}


def as_messages(told: Transcript) -> object:
    """Return what a transcript says, positions aside."""
    return [
        (turn.answer, turn.status, turn.usage, turn.user_input, len(turn.steps))
        for turn in told.turns
    ], [(each.code, each.detail) for each in told.diagnostics]


def test_the_same_seed_gives_the_same_sessions() -> None:
    again = odd_histories(longest=200)
    assert [dumps(one) for one in SHORT] == [dumps(one) for one in again]


def test_another_seed_gives_other_sessions() -> None:
    other = odd_histories(1, longest=200)
    assert [dumps(one) for one in SHORT] != [dumps(one) for one in other]


@pytest.mark.parametrize("count", [0, 3, 60])
def test_there_are_as_many_as_asked_for(count: int) -> None:
    assert len(list(odd_histories(count=count, longest=1))) == count


def test_the_first_ones_hold_an_oddity_each_and_bear_its_name() -> None:
    named = zip(ODDITIES, SHORT, strict=False)
    assert all(f"{name}-" in session.session_id for name, session in named)


def test_the_longest_holds_a_hundred_thousand_deltas() -> None:
    assert max(len(session.events) for session in odd_histories()) == 100_001


def test_no_two_have_the_same_id() -> None:
    assert len({session.session_id for session in SHORT}) == len(SHORT)


def test_ids_are_dangerous_as_names_of_files() -> None:
    dangerous = [each for each in HOSTILE_IDS if "/" in each or "\\" in each]
    ids = [session.session_id for session in SHORT]
    assert any(each.startswith(prefix) for each in ids for prefix in dangerous)


def test_every_diagnostic_of_a_history_is_among_them() -> None:
    found = {each.code for one in SHORT for each in transcript(one).diagnostics}
    assert found == set(CODES) - NOT_OF_HISTORIES


def test_an_odd_history_is_as_it_would_be_loaded() -> None:
    for session in SHORT:
        assert loads(dumps(session)) == session


def test_cutting_anew_changes_no_message() -> None:
    for session in SHORT:
        anew = transcript(cut_anew(session))
        assert as_messages(anew) == as_messages(transcript(session))


def test_cutting_anew_cuts_elsewhere() -> None:
    content = "The rent is 4,200 euros a month."
    session = loads(f'[{{"type": "text_delta", "content": "{content}"}}]')
    cuts = {len(cut_anew(session, seed).events) for seed in range(20)}
    assert len(cuts) > 1


def test_cutting_anew_leaves_the_header() -> None:
    session = loads('{"session_id": "s", "generated_title": "Rent", "events": []}')
    assert cut_anew(session) == session
