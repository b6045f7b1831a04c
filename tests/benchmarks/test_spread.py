import pytest

from benchmarks.figures import figure
from benchmarks.spread import Spread


@pytest.mark.parametrize(
    ("numbers", "quartiles"),
    [
        ([4.0, 2.0, 1.0, 3.0], (1.75, 2.5, 3.25)),
        ([5.0, 1.0, 4.0, 2.0, 3.0], (2.0, 3.0, 4.0)),
        ([1.0, 2.0, 3.0, 4.0, 500.0], (2.0, 3.0, 4.0)),  # whatever the outlier
        ([7.0], (7.0, 7.0, 7.0)),
    ],
)
def test_the_median_lies_between_the_quartiles_in_any_order(
    numbers: list[float], quartiles: tuple[float, float, float]
) -> None:
    assert Spread.of(numbers) == Spread(*quartiles)


@pytest.mark.parametrize(("share", "is_within"), [(0.1, True), (0.09, False)])
def test_quartiles_are_within_a_share_of_the_median_by_its_size(
    share: float, *, is_within: bool
) -> None:
    for spread in (Spread(9.5, 10.0, 10.5), Spread(-10.5, -10.0, -9.5)):
        assert spread.is_within(share) is is_within


def test_the_ratio_is_taken_within_each_round() -> None:
    made = figure("case", "peer", [1.0, 20.0, 3.0], [2.0, 10.0, 3.0], events=10)
    assert made.ratio == Spread.of([0.5, 2.0, 1.0])
    assert (made.ours, made.theirs, made.rounds) == (3.0, 3.0, 3)
    assert made.key == ("case", 10, "peer")


def test_a_round_that_lacks_a_side_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        figure("case", "peer", [1.0, 2.0], [1.0])
