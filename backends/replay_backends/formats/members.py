"""Members of a JSON object whose kinds nobody checked."""

from collections.abc import Mapping
from typing import Any


def text_in(value: Mapping[str, Any], key: str) -> str:
    """Return a member that is a text; empty: there is none, or it's something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def int_in(value: Mapping[str, Any], key: str) -> int | None:
    """Return a member of an object if it is a whole number, else None."""
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


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
