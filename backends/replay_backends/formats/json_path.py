"""A place in a JSON value."""

from typing import Any


def member(value: object, *path: str | int) -> Any:  # noqa: ANN401 - JSON
    """Return what is at a path of keys and positions; None: nothing is."""
    for step in path:
        match value, step:
            case dict(), str():
                value = value.get(step)
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return None
    return value
