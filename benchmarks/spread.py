"""The median and the quartiles of some numbers."""

from collections.abc import Sequence
from statistics import median, quantiles

import attrs


@attrs.frozen
class Spread:
    """The median of some numbers, between their quartiles."""

    low: float  #: a quarter of the numbers are below it
    median: float
    high: float  #: a quarter of the numbers are above it

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        """Return the spread of one or more numbers.

        >>> Spread.of([4.0, 1.0, 3.0, 2.0, 5.0])
        Spread(low=2.0, median=3.0, high=4.0)
        """
        if len(numbers) == 1:
            return cls(numbers[0], numbers[0], numbers[0])
        low, _, high = quantiles(numbers, n=4, method="inclusive")
        return cls(low, median(numbers), high)

    def is_within(self, share: float) -> bool:
        """Tell whether the quartiles differ by at most *share* of the median."""
        return self.high - self.low <= share * abs(self.median)
