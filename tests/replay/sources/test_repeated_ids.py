"""Session ids that come more than once."""

from replay import Diagnostic, Session
from replay.sources.source import RepeatedIds


def test_the_first_session_of_an_id_is_left_as_it_is() -> None:
    session = Session("a")
    assert RepeatedIds().marked(session) is session


def test_another_session_of_an_id_says_so_after_what_it_says_already() -> None:
    odd = Diagnostic("torn-line", None, "3 bytes")
    repeated = RepeatedIds()
    repeated.marked(Session("a"))
    marked = repeated.marked(Session("a", diagnostics=(odd,)))
    detail = "an earlier session is called 'a'"
    assert [*marked.diagnostics] == [
        odd,
        Diagnostic("repeated-session-id", None, detail),
    ]


def test_each_knows_how_many_were_before_it() -> None:
    repeated = RepeatedIds()
    marked = [repeated.marked(Session(each)) for each in "abaaba"]
    assert [each.repetition for each in marked] == [0, 0, 1, 2, 1, 3]


def test_half_a_surrogate_pair_is_an_id_like_any_other() -> None:
    repeated = RepeatedIds()
    repeated.marked(Session("\ud83d"))
    assert repeated.marked(Session("\ude00")).diagnostics == ()
    assert repeated.marked(Session("\ud83d")).diagnostics
