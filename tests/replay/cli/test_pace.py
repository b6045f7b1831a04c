"""How quickly work gets on, of late."""

import doctest

import pytest

from replay.cli import progress_bar
from replay.cli.progress_bar import Pace, time_of


def test_the_examples_are_true() -> None:
    assert not doctest.testmod(progress_bar).failed


def test_nothing_is_done_in_no_time() -> None:
    assert Pace(100.0).rate == 0.0


def test_a_rate_is_what_was_done_by_the_time_it_took() -> None:
    seen = Pace(100.0)
    seen.see(110.0, 50)
    assert seen.rate == 5.0


def test_what_is_long_past_does_not_count() -> None:
    seen = Pace(0.0)
    for now in range(10, 71, 10):
        seen.see(float(now), 1_000_000 + now)
    assert seen.rate == 1.0


def test_a_long_silence_counts() -> None:
    seen = Pace(0.0)
    seen.see(1.0, 100)
    seen.see(101.0, 200)
    assert seen.rate == 1.0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_a_time_is_shown_in_units_that_fit(seconds: float, shown: str) -> None:
    assert time_of(seconds) == shown
