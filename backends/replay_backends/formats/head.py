"""The beginning of a recording, by which its format is recognized."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

from replay import UnknownEvent
from replay.authoring import decode_event

SIZE: Final = 64 << 10  #: the most bytes that are looked at

_MARK: Final = b"\xef\xbb\xbf"
_SCAN: Final = json.JSONDecoder().raw_decode
_BLANK: Final = re.compile(r"[ \t\r\n]*+")
_MOST: Final = 1000  # records

#: How a recording is laid out: one JSON object, a list, JSON Lines or something else.
#: A stream of server-sent events is read as JSON Lines of their data.
Layout: TypeAlias = Literal["object", "list", "lines", "other"]


class Head:
    """The beginning of a recording.

    Args:
        data: Its first bytes, up to 64 KiB.
        is_whole: Whether they are all there are.
        is_stream: Whether they are the data of server-sent events.
    """

    def __init__(self, data: bytes, *, is_whole: bool, is_stream: bool = False) -> None:
        self.data = data
        self.is_whole = is_whole
        self.is_stream = is_stream
        text = data.removeprefix(_MARK).decode("utf-8", "replace")
        self.text = text.lstrip()  #: without blanks before its first value

    @cached_property
    def layout(self) -> Layout:
        """Return how the recording is laid out."""
        if self.text.startswith("["):
            return "list"
        if not self.text.startswith("{"):
            return "other"
        has_others = len(self._lines) > (1 if self.is_whole else 0)
        return "lines" if has_others and _object_on(self._lines[0]) else "object"

    @cached_property
    def records(self) -> Sequence[dict[str, Any]]:
        """Return the objects on its lines, or in its list.

        Only whole ones are there, and at most a thousand.
        """
        found: Iterable[object] = self.items
        if self.layout == "lines":
            found = map(_object_on, self._lines)
        return [*islice((each for each in found if isinstance(each, dict)), _MOST)]

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
        lines = self.text.split("\n")
        whole = lines if self.is_whole else lines[:-1]
        return [line for line in whole if line.strip()]


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
            return isinstance(members["events"], list)
        first = members
    return isinstance(first, dict) and not isinstance(decode_event(first), UnknownEvent)


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
        last: The member to stop at; of its value, only the kind is right.
    """
    at = 1
    while True:
        try:
            key, at = _SCAN(text, _after(text, at, ","))
        except (ValueError, RecursionError):
            return
        at = _after(text, at, ":")
        if key == last:
            yield key, [] if text.startswith("[", at) else None
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
