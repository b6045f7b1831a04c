import pytest

from benchmarks.spread import Spread


def test_the_median_lies_between_the_quartiles() -> None:
    assert Spread.of([4.0, 2.0, 1.0, 3.0]) == Spread(1.75, 2.5, 3.25)


def test_the_order_of_the_numbers_does_not_matter() -> None:
    assert Spread.of([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(2.0, 3.0, 4.0)


def test_a_single_number_has_no_spread() -> None:
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


def test_one_outlier_moves_neither_median_nor_quartiles() -> None:
    calm, disturbed = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 500.0]
    assert Spread.of(disturbed) == Spread.of(calm)


@pytest.mark.parametrize(("share", "is_within"), [(0.1, True), (0.09, False)])
def test_quartiles_are_within_a_share_of_the_median(
    share: float, *, is_within: bool
) -> None:
    assert Spread(9.5, 10.0, 10.5).is_within(share) is is_within


def test_a_negative_median_counts_by_its_size() -> None:
    assert Spread(-10.5, -10.0, -9.5).is_within(0.1)
