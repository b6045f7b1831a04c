"""Numbers that are exact, however large."""

from fractions import Fraction

import pytest

from replay_plugins.usage import digits, kept, sum_of, time_of

NINES = 10**5000 - 1


def test_what_was_not_said_adds_nothing() -> None:
    assert sum_of([None, 2, None, 3]) == 5
    assert sum_of([None]) is None


@pytest.mark.parametrize("number", [0, -7, 10**600, 1 - 10**601])
def test_digits_are_those_that_python_prints(number: int) -> None:
    assert digits(number) == str(number)


def test_digits_past_what_python_prints() -> None:
    assert digits(NINES) == "9" * 5000
    assert digits(-NINES) == "-" + "9" * 5000


@pytest.mark.parametrize("number", [None, 0, 2**63 - 1, 1 - 2**63, 0.1])
def test_a_number_that_all_readers_keep_stays_a_number(number: float | None) -> None:
    assert kept(number) is number


@pytest.mark.parametrize("number", [2**63, -(2**63)])
def test_a_larger_one_is_kept_as_text(number: int) -> None:
    assert kept(number) == str(number)


def test_a_time_is_a_float_as_long_as_it_is_exact() -> None:
    assert time_of(Fraction(1, 2)) == 0.5
    assert time_of(Fraction(2**53 * 3, 2)) == 2**52 * 3
    assert isinstance(time_of(Fraction(10**400)), int)
