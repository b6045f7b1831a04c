"""What an author is told."""

from replay.testing.backend_contract import broken


def test_a_broken_law_says_where_what_and_what_to_do() -> None:
    error = broken("../\ud800", "it is another", "decode with replay.loads")
    said = r"session '../\ud800': it is another (decode with replay.loads)"
    assert str(error) == said


def test_a_law_may_be_broken_with_no_session_in_particular() -> None:
    assert str(broken(None, "it raised", "do not")) == "it raised (do not)"


def test_a_broken_law_is_a_failed_assertion() -> None:
    assert isinstance(broken(None, "", ""), AssertionError)
