import pytest

from replay.model.diagnostics import CODES, DELTA_FAMILY


def test_a_code_is_a_word_for_programs() -> None:
    for code in CODES:
        assert code.replace("-", "").isalpha(), code
        assert code.islower()


def test_a_code_is_explained_by_a_sentence() -> None:
    for sentence in CODES.values():
        assert sentence[0].isupper(), sentence
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
