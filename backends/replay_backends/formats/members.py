"""Members of a JSON object whose kinds nobody checked."""

from collections.abc import Mapping
from typing import Any, Final

_TOO_LARGE: Final = 1 << 63


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


def text_in(value: Mapping[str, Any], key: str) -> str:
    """Return a member that is a text; empty: there is none, or it's something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def int_in(value: Mapping[str, Any], key: str) -> int | None:
    """Return a member of an object if it is a whole number, else None."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def number_in(value: Mapping[str, Any], key: str) -> float | None:
    """Return a member of an object if it is a number that a float holds, else None."""
    found = value.get(key)
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    return float(found) if abs(found) < _TOO_LARGE else None


def sum_in(value: Mapping[str, Any], *keys: str) -> int | None:
    """Return the sum of the members that are whole numbers; None: there are none."""
    found = [count for key in keys if (count := int_in(value, key)) is not None]
    return sum(found) if found else None


def list_in(value: Mapping[str, Any], key: str) -> list[Any]:
    """Return a member of an object if it is a list, else an empty one."""
    found = value.get(key)
    return found if isinstance(found, list) else []


def object_in(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a member of an object if it is an object, else an empty one."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def dicts_in(value: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects in a member that is a list."""
    found = value.get(key)
    items = found if isinstance(found, list) else []
    return [each for each in items if isinstance(each, dict)]


def parted(found: object) -> tuple[list[dict[str, Any]], object]:
    """Return the objects in what may be a list, and what else is there; None: nothing.

    >>> parted([{"a": 1}, 2]), parted("x"), parted([])
    (([{'a': 1}], [2]), ([], 'x'), ([], None))
    """
    if not isinstance(found, list):
        return [], found
    objects = [each for each in found if isinstance(each, dict)]
    others = [each for each in found if not isinstance(each, dict)]
    return objects, others or None


def rest_of(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the members but for some *keys*."""
    rest = dict(value)
    for key in keys:
        rest.pop(key, None)
    return rest


def left_of(value: Mapping[str, Any], **said: type) -> dict[str, Any]:
    """Return the members but for those of the kinds that were *said* elsewhere.

    >>> left_of({"name": 7, "id": "c", "args": None}, name=str, id=str, args=object)
    {'name': 7}
    """
    return {
        key: item
        for key, item in value.items()
        if key not in said or not isinstance(item, said[key])
    }
