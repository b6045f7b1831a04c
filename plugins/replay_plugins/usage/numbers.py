"""Numbers that are exact, however large: added up, and in digits."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Final

_EXACT_FLOATS: Final = 2**53  # beyond, a float holds not even every whole number
_PRINTED: Final = 10**600  # Python by itself writes so many digits at the least
_PLAIN: Final = 2**63  # what every reader of JSON keeps as it is


def sum_of(values: Iterable[int | None]) -> int | None:
    """Return the sum of what was said; None where nothing was."""
    said = [value for value in values if value is not None]
    return sum(said) if said else None


def time_of(total: Fraction) -> float:
    """Return a sum of floats, and of integers that may be too large for one."""
    return float(total) if abs(total) < _EXACT_FLOATS else round(total)


def digits(number: int) -> str:
    """Return a whole number in digits, of which Python itself writes 4,300 at most."""
    if -_PRINTED < number < _PRINTED:
        return str(number)
    return str(Decimal(number))


def kept(number: float | None) -> float | str | None:
    """Return a number as a JSON value that any JSON text holds exactly."""
    if isinstance(number, int) and not -_PLAIN < number < _PLAIN:
        return digits(number)
    return number
