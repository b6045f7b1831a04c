"""All texts of JSON values, gathered so that they can be looked at together."""

from collections.abc import Iterable
from typing import Final

from replay.events import EVENT_CLASSES, ImageAttachment
from replay.sessions import JobMetadata, SessionSummary
from replay.wire import documented_fields
from replay_plugins.redact.secret_keys import is_secret_key

#: Keys of the service's own objects, without which an event would be another.
WIRE_KEYS: Final = {"type", "events"}.union(
    *map(documented_fields, (*EVENT_CLASSES.values(), ImageAttachment, JobMetadata)),
    documented_fields(SessionSummary),
)
_LARGEST: Final = 10**40  # a number beyond is none of a card or an account


def texts_in(values: Iterable[object]) -> tuple[list[str], bool]:
    """Return every text, key of their own and number in JSON values, at any depth.

    Returns:
        The texts, and whether a key among them says that its value is a secret.
    """
    texts: list[str] = []
    has_secret_key = False
    left: list[object] = [*values]
    while left:
        value = left.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            keys = value.keys() - WIRE_KEYS
            texts += keys
            has_secret_key = has_secret_key or any(map(is_secret_key, keys))
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
        elif isinstance(value, int | float):
            texts.append(digits_of(value))
    return texts, has_secret_key


def digits_of(number: float) -> str:
    """Return a number as text; nothing where it can be no secret."""
    if isinstance(number, bool) or abs(number) >= _LARGEST:
        return ""
    return str(int(number) if number == int(number) else number)


def plain(value: object) -> object:
    """Return a JSON value as it would have been decoded: its dicts and lists plain."""
    if isinstance(value, dict):
        members: dict[str, object] = {}
        for key, member in value.items():  # a comprehension would take twice the stack
            members[key] = plain(member)
        return members
    if isinstance(value, list | tuple):
        items: list[object] = []
        for item in value:  # the same
            items.append(plain(item))  # noqa: PERF401 - see above
        return items
    return value
