"""Text that any JSON text keeps as it is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from replay_plugins.report_output import kept_text, text_of


@given(st.text(st.characters() | st.characters(categories=["Cs"])))
def test_it_comes_back_as_it_was(text: str) -> None:
    assert text_of(json.loads(json.dumps(kept_text(text)))) == text


def test_halves_of_a_character_are_not_joined() -> None:
    halves = "\ud83d" + "\ude00"
    assert kept_text(halves).isascii()
    assert text_of(kept_text(halves)) == halves != "\U0001f600"
