"""What a file looks like that holds no session, as an error says."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from replay import UnknownEvent
from replay.authoring import (
    EVENT_CLASSES,
    BrokenText,
    decode_event,
    parse_json,
    records_on,
)
from replay.errors import DecodeError
from replay_backends.formats.head import Head, may_hold_events

#: How files begin that nobody takes for a broken recording.
_BEGINNINGS: Final = (
    (b"PK\3\4", "a zip file"),
    (b"PK\5\6", "a zip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"RIFF", "an image or a sound"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\0", "an SQLite database"),
)
_HTML: Final = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_OURS: Final = frozenset({"session_id", "events"})  # of a session's document
_ENOUGH: Final = 4  # characters
_MOST: Final = 1000  # lines that are looked at
_NAMED: Final = 3  # types or keys that are named


def likeness(head: Head, *, is_lines: bool) -> str | None:
    """Return what a file looks like.

    Args:
        head: The beginning of a file of no known format.
        is_lines: Whether it is read as JSON Lines, whatever is in it.

    Returns:
        None: it may be a session, or a broken one; reading it tells.
    """
    for beginning, what in _BEGINNINGS:
        if head.data.startswith(beginning):
            return what
    begun = head.text[:_ENOUGH]
    if "\0" in begun or "\ufffd" in begun or begun == "HTTP":
        return None  # UTF-16, a block of NUL bytes, or a response with its headers
    if is_lines or head.layout in ("lines", "other"):
        return _of_lines(head)
    return _of_document(head)


def _of_document(head: Head) -> str | None:
    try:
        value: Any = parse_json(head.data).value if head.is_whole else None
    except DecodeError:
        return None
    if head.layout == "list":
        return _of_values(head.items, "a JSON list")
    if isinstance(head.members.get("events"), list):
        value = head.members
    elif not isinstance(value, dict) or not _OURS.isdisjoint(value):
        return None  # events may come after the beginning
    return _of_values([value], "a JSON object")


def _of_lines(head: Head) -> str | None:
    try:
        values = [*_on_lines(head)]
    except DecodeError:  # a value that cannot be kept
        return None
    if head.is_stream:
        return _of_values(values, "server-sent events")
    if values and (head.layout != "other" or any(map(_may_be_ours, values))):
        return _of_values(values, "JSON Lines")
    return None if head.text.startswith(("{", "[")) else _of_text(head.text)


def _on_lines(head: Head) -> Iterator[object]:
    """Yield the whole JSON values on the first lines."""
    lines = head.data.splitlines(keepends=True)
    whole = lines if head.is_whole else lines[:-1]
    for line in islice(filter(bytes.strip, whole), _MOST):
        found = (each.value for each in records_on(line))
        yield from (each for each in found if not isinstance(each, BrokenText))


def _of_values(values: Iterable[object], shape: str) -> str | None:
    """Return what values are that aren't events; None: some are, or there are none."""
    values = [*values]
    if not values or any(map(_may_be_ours, values)):
        return None
    objects = [each for each in values if isinstance(each, dict)]
    given = (each.get("type") for each in objects)
    if types := dict.fromkeys(each for each in given if isinstance(each, str)):
        return f"{shape} of the types {_listed(types)}"
    keys = Counter(key for each in objects for key in each)
    if keys:
        return f"{shape} with the keys {_listed(key for key, _ in keys.most_common())}"
    return f"{shape} without {'keys' if objects else 'objects'}"


def _may_be_ours(value: object) -> bool:
    match value:
        case {"events": [*_]}:
            return may_hold_events(value)
        case {"type": str(kind)} if kind in EVENT_CLASSES:
            return True  # even if it is malformed
        case _:
            event = decode_event(value)
            return isinstance(event, UnknownEvent) and bool(event.foreign_type)


def _of_text(text: str) -> str | None:
    if _HTML.match(text):
        return "HTML"
    if text.startswith("<"):
        return "XML"
    return "text" if text else None


def _listed(names: Iterable[str]) -> str:
    shown = [ascii(each) for each in islice(names, _NAMED + 1)]
    return ", ".join([*shown[:_NAMED], *(["…"] if shown[_NAMED:] else [])])
