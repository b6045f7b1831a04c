"""A session document cut in two: its header, and its array of events.

Where the cut goes is a guess that the header's text confirms or not; a document that is
laid out in some other way is read whole.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay.brackets import follow_brackets
from replay.errors import DecodeError
from replay.forms import BLANKS
from replay.json_text import judge

#: A key, since before it there is no text that could go on in a string.
_EVENTS: Final = re.compile(rb'(?<=[{, \t\r\n])"events"[ \t\r\n]*+:[ \t\r\n]*+\[')
_FARTHEST: Final = 200  # blanks between the last event and the end of its array
_TRIES: Final = 100


@attrs.frozen
class Cut:
    """A document's header, with null for its events, and the text of these."""

    header: Mapping[str, object]
    oddities: tuple[tuple[str, str], ...]
    array: bytes


def cut(data: bytes) -> Cut | None:
    """Return a document in two; None: it must be read whole to tell."""
    start = beginning_of_events(data)
    end = end_of_events(data)
    if not 0 <= start < end:
        return None
    try:
        parsed = judge(data[:start] + b"null" + data[end:])
    except DecodeError:
        return None
    header: Any = parsed.value  # an object, for "events" stands at its root
    return Cut(header, parsed.oddities, data[start:end])


def beginning_of_events(data: bytes) -> int:
    """Return where the array of a document's events begins; -1: nowhere."""
    opened, at = bytearray(), 0
    for found in _EVENTS.finditer(data):
        follow_brackets(data, at, found.start(), opened)
        at = found.start()
        if opened == b"{":
            return found.end() - 1
    return -1


def end_of_events(data: bytes) -> int:
    """Return where the last array ends that has an object at its end; 0: nowhere."""
    end = len(data)
    for _ in range(_TRIES):
        end = max(0, data.rfind(b"]", 0, end))
        if data[max(0, end - _FARTHEST) : end].rstrip(BLANKS).endswith(b"}"):
            return end + 1
    return 0
