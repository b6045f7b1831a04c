"""JSON values, and what tells them apart."""

from typing import Any


def nested(depth: int) -> list[Any]:
    """Return a list of that many levels."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def exact(value: object) -> str:
    """Return what tells 1, 1.0 and true apart, and one order of keys from another."""
    return repr(value)
