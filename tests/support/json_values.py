"""JSON values, and their exact comparison."""

from typing import Any


def nested(depth: int) -> list[Any]:
    """Return a list nested *depth* levels deep."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def exact(value: object) -> str:
    """Return a key that distinguishes 1, 1.0 and true, and orders of keys."""
    return repr(value)
