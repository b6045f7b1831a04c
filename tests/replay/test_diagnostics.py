import pytest

from replay.diagnostics import CODES, DELTA_FAMILY


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_a_word_for_programs(code: str) -> None:
    assert code.replace("-", "").isalpha()
    assert code.islower()


@pytest.mark.parametrize("sentence", CODES.values())
def test_a_code_is_explained_by_a_sentence(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.endswith(".")


def test_the_delta_family_says_that_deltas_and_full_events_disagree() -> None:
    assert (
        frozenset(
            {
                "delta-gap",
                "delta-mismatch",
                "delta-surplus",
                "late-full",
                "late-full-differs",
            }
        )
        == DELTA_FAMILY
    )


def test_the_codes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CODES["new"] = "A new code."  # type: ignore[index]  # what the test is about
