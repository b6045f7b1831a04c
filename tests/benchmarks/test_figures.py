import pytest

from benchmarks.figures import figure
from benchmarks.spread import Spread


def test_the_ratio_is_taken_within_each_round() -> None:
    made = figure("case", "peer", [1.0, 20.0, 3.0], [2.0, 10.0, 3.0])
    assert made.ratio == Spread.of([0.5, 2.0, 1.0])
    assert (made.ours, made.theirs, made.rounds) == (3.0, 3.0, 3)


def test_a_round_that_lacks_a_side_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        figure("case", "peer", [1.0, 2.0], [1.0])


def test_case_size_and_peer_tell_a_figure_from_others() -> None:
    made = figure("case", "peer", [1.0], [1.0], events=10)
    assert made.key == ("case", 10, "peer")
