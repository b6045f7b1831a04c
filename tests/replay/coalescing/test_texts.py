import pytest

from replay.coalescing.texts import Run, beginnings_at_end


@pytest.mark.parametrize(
    ("content", "text", "lengths"),
    [("a", "a", [1]), ("aa", "aa", [2, 1]), ("ab", "xa", [1]), ("ab", "b", [])],
)
def test_the_beginnings_in_which_a_text_ends_are_found(
    content: str, text: str, lengths: list[int]
) -> None:
    assert list(beginnings_at_end(content, text)) == lengths


@pytest.mark.parametrize(
    ("pieces", "text", "has_halves"),
    [
        (["a", "é"], "aé", False),
        (["\ud83d", "\ude00"], "\U0001f600", False),
        (["\ud83d", "a"], "\ud83da", True),
    ],
)
def test_a_closed_run_is_joined_to_characters(
    pieces: list[str],
    text: str,
    has_halves: bool,  # noqa: FBT001 - what is expected
) -> None:
    run = Run("text", 0, pieces, may_have_halves=True)
    assert run.close(-1) == has_halves
    assert run.text == text
