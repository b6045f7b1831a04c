"""The beginning of a recording, by which its format is recognized."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, BinaryIO, Final, Literal, TypeAlias

from replay import UnknownEvent
from replay.authoring import decode_event

SIZE: Final = 64 << 10  #: bytes that are looked at
_LINES: Final = 10  # that are looked at, even if they are longer
_LONGEST: Final = 4 << 20  # bytes of these

_MARK: Final = b"\xef\xbb\xbf"
_SCAN: Final = json.JSONDecoder().raw_decode
_BLANK: Final = re.compile(r"[ \t\r\n]*+")
_MOST: Final = 1000  # records

#: How a recording is laid out: one JSON object, a list, JSON Lines or something else.
#: A stream of server-sent events is read as JSON Lines of their data.
Layout: TypeAlias = Literal["object", "list", "lines", "other"]
_LAYOUTS: Final[dict[str, Layout]] = {"{": "object", "[": "list"}


class Head:
    """The beginning of a recording.

    Args:
        data: Its first 64 KiB or first ten lines, whichever is more, up to 4 MiB.
        is_whole: Whether that is all there is.
        is_stream: Whether it is the data of server-sent events.
    """

    @classmethod
    def read(cls, file: BinaryIO, *, is_stream: bool = False) -> "Head":
        """Return the beginning of a file that was just opened."""
        data = file.read(SIZE)
        while data.count(b"\n") < _LINES and len(data) < _LONGEST:
            if not (line := file.readline(_LONGEST - len(data))):
                break
            data += line
        return cls(data, is_whole=not file.read(1), is_stream=is_stream)

    def __init__(self, data: bytes, *, is_whole: bool, is_stream: bool = False) -> None:
        self.data = data
        self.is_whole = is_whole
        self.is_stream = is_stream
        text = data.removeprefix(_MARK).decode("utf-8", "replace")
        self.text = text.lstrip()  #: without blanks before its first value

    @cached_property
    def layout(self) -> Layout:
        """Return how the recording is laid out.

        JSON Lines may begin with lines that are broken. In one value, fewer than half
        of the lines are objects with members: a sign stands before and behind each.
        """
        lines = self._lines
        has_others = len(lines) > (1 if self.is_whole else 0)
        if has_others and 2 * sum(map(bool, self._objects)) >= len(lines):
            return "lines"
        return _LAYOUTS.get(self.text[:1], "other")

    @cached_property
    def records(self) -> Sequence[dict[str, Any]]:
        """Return the objects on its lines, or in its list.

        Only whole ones are there, and at most a thousand.
        """
        if self.layout == "lines":
            return self._objects
        return [each for each in self.items if isinstance(each, dict)]

    @cached_property
    def items(self) -> Sequence[object]:
        """Return the whole items of its list, at most a thousand."""
        is_list = self.layout == "list"
        return [*islice(_items(self.text, 1), _MOST)] if is_list else []

    @cached_property
    def members(self) -> dict[str, Any]:
        """Return the members of its only object.

        Of one that is cut off, there are its whole items, if it is a list.
        """
        return dict(_members(self.text)) if self.layout == "object" else {}

    @cached_property
    def _lines(self) -> list[str]:
        """Return its first lines that are whole and not blank."""
        lines = self.text.split("\n")
        whole = lines if self.is_whole else lines[:-1]
        return [*islice((line for line in whole if line.strip()), _MOST)]

    @cached_property
    def _objects(self) -> list[dict[str, Any]]:
        """Return the objects among the lines."""
        found = (_object_on(line) for line in self._lines if line.startswith("{"))
        return [each for each in found if each is not None]


def holds_session(head: Head) -> bool:
    """Tell quickly whether a recording surely is a session as the service writes it.

    It is a document with a list of events, or begins with an event. Otherwise it may be
    one all the same.
    """
    first: object = None
    if head.text.startswith("["):
        first = next(_items(head.text, 1), None)
    elif head.text.startswith("{"):
        members = dict(_members(head.text, last="events"))
        if "events" in members:
            return may_hold_events(members)
        first = members
    return isinstance(first, dict) and not isinstance(decode_event(first), UnknownEvent)


def may_hold_events(value: object) -> bool:
    """Tell whether an object has a list of events that may be the service's.

    Other programs write such lists, too: of objects without a type.
    """
    match value:
        case {"session_id": _, "events": [*_]} | {"events": []}:
            return True
        case {"events": [*events]}:
            return any(not isinstance(e, dict) or "type" in e for e in events)
    return False


def _object_on(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _members(text: str, last: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the members of the object that a text begins with, as far as they go.

    Args:
        text: It begins with a brace.
        last: The member to stop at; of a list, only the first item is read.
    """
    at = 1
    while True:
        try:
            key, at = _SCAN(text, _after(text, at, ","))
        except (ValueError, RecursionError):
            return
        if not isinstance(key, str):  # the object broke off, and another follows
            return
        at = _after(text, at, ":")
        if key == last:
            is_list = text.startswith("[", at)
            yield key, [*islice(_items(text, at + 1), 1)] if is_list else None
            return
        try:
            value, at = _SCAN(text, at)
        except (ValueError, RecursionError):
            break
        yield key, value
    if text.startswith("[", at):
        yield key, [*_items(text, at + 1)]
    elif text.startswith("{", at):
        yield key, dict(_members(text[at:]))


def _items(text: str, at: int) -> Iterator[object]:
    """Yield the items of a list from a place in it on, as far as they go."""
    while True:
        try:
            value, at = _SCAN(text, _after(text, at, ","))
        except (ValueError, RecursionError):
            return
        yield value


def _after(text: str, at: int, sign: str) -> int:
    """Return the place after blanks, a sign if it is there, and more blanks."""
    at = _end_of_blanks(text, at)
    return _end_of_blanks(text, at + 1) if text.startswith(sign, at) else at


def _end_of_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
