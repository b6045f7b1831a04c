"""The list of messages that the CLI's session file leaves: it is a log of changes.

A message may be written several times. These copies are numbered in the file's order.
"""

from array import array
from collections.abc import Iterable
from typing import Any, Final

import attrs

from replay_backends.formats.members import dicts_in, text_in
from replay_backends.formats.recording import Branches, Record

_NONE: Final = -1


@attrs.frozen
class Copies:
    """The copies of a session's messages that count: the last whole one of each.

    A checkpoint's copies are poorer; those that hold more come on top of it.
    """

    messages: "array[int]"  #: by copy, the number of its message, or -1
    are_last: bytearray  #: by copy, whether no other copy of its message follows
    answered: frozenset[str]  #: the calls whose results are in messages with calls

    def message(self, copy: int) -> int | None:
        """Return the number of a copy's message; None: the copy doesn't count."""
        number = self.messages[copy]
        return None if number == _NONE else number


@attrs.define
class Outline:
    """The list of messages that a log ends with.

    There may be many messages, so what is held of each is a few numbers.
    """

    branches: Branches
    session_id: str = ""
    is_subagent: bool = False
    reasons: dict[int, str] = attrs.field(factory=dict)  #: why a copy was dropped
    #: The messages that were taken back, by the first one's id or place.
    dead: "dict[str, array[int]]" = attrs.field(factory=dict)
    _list: "array[int]" = attrs.field(factory=lambda: array("l"))
    _known: dict[int, int] = attrs.field(factory=dict)  # messages by their id's hash
    _copies: int = 0
    _whole: "array[int]" = attrs.field(factory=lambda: array("l"))  # by message
    _more: dict[int, list[int]] = attrs.field(factory=dict)  # by message
    _shapes: "array[int]" = attrs.field(factory=lambda: array("l"))  # by message
    _ids: "array[int]" = attrs.field(factory=lambda: array("q"))  # hashes, by message
    _numbers: dict[frozenset[str], int] = attrs.field(factory=dict)  # of shapes
    _keys: list[frozenset[str]] = attrs.field(factory=list)  # by shape
    _answers: list[str] = attrs.field(factory=list)  # the calls of results
    _answered_by: "array[int]" = attrs.field(factory=lambda: array("l"))  # their copies

    def see(self, record: Record) -> None:
        """Take in the next record."""
        value = record.value
        if isinstance(value, dict):
            self.session_id = self.session_id or text_in(value, "sessionId")
            self.is_subagent = self.is_subagent or value.get("kind") == "subagent"
        match value:
            case {"$set": {"messages": [*_]} as changes}:
                self._restore(dicts_in(changes, "messages"))
            case {"$set": _}:
                pass
            case {"$rewindTo": target}:
                if self.branches != "all":
                    self._rewind(target, record.at)
            case {"type": str()}:
                self._append(value)

    def close(self) -> None:
        """Forget what only further records need."""
        self._known.clear()
        self._numbers.clear()

    def copies(self, branch: str = "") -> Copies:
        """Return the copies that count: of the messages left, or of a branch."""
        messages = array("l", [_NONE]) * self._copies
        are_last = bytearray(self._copies)
        for number, message in enumerate(self.dead[branch] if branch else self._list):
            places = self._places(message)
            for copy in places:
                messages[copy] = number
            are_last[places[-1]] = True
        answers = zip(self._answers, self._answered_by, strict=True)
        answered = frozenset(name for name, by in answers if messages[by] != _NONE)
        return Copies(messages, are_last, answered)

    def _places(self, message: int) -> list[int]:
        whole = self._whole[message]
        return [whole, *self._more.get(message, ())]

    def _append(self, value: dict[str, Any]) -> None:
        key = hash(text_in(value, "id") or self._copies)
        message = self._known.get(key)
        if message is None:
            self._list.append(self._new(value, key))
        else:
            self._whole[message], self._shapes[message] = self._copy(value)
            self._more.pop(message, None)

    def _rewind(self, target: object, at: str) -> None:
        known = self._known.get(hash(target)) if isinstance(target, str) else None
        start = 0 if known is None else self._list.index(known)
        left = self._list[start:]
        del self._list[start:]
        if left:
            is_new = known is not None and target not in self.dead
            self.dead[str(target) if is_new else at] = left
        self._forget({*left}, "dead-branch")

    def _restore(self, values: Iterable[dict[str, Any]]) -> None:
        """Take a checkpoint, whose copies of messages are poorer than the first."""
        before, self._list = self._list, array("l")
        there: set[int] = set()
        for value in values:
            key = hash(text_in(value, "id") or self._copies)
            message = self._known.get(key)
            if message is None or message in there:
                message = self._new(value, key)
            else:
                copy, shape = self._copy(value)
                keys, known = self._keys[shape], self._keys[self._shapes[message]]
                if not keys <= known:
                    self._more.setdefault(message, []).append(copy)
                    self._shapes[message] = self._shape(keys | known)
            there.add(message)
            self._list.append(message)
        self._forget({*before} - there, "compacted")

    def _forget(self, messages: set[int], why: str) -> None:
        for message in messages:
            self.reasons.update(dict.fromkeys(self._places(message), why))
            if self._known.get(self._ids[message]) == message:
                del self._known[self._ids[message]]

    def _new(self, value: dict[str, Any], key: int) -> int:
        message = self._known[key] = len(self._whole)
        copy, shape = self._copy(value)
        self._ids.append(key)
        self._whole.append(copy)
        self._shapes.append(shape)
        return message

    def _copy(self, value: dict[str, Any]) -> tuple[int, int]:
        """Count a copy; return its number and its shape."""
        for call in dicts_in(value, "toolCalls"):
            if call.get("result") and (name := text_in(call, "id")):
                self._answers.append(name)
                self._answered_by.append(self._copies)
        self._copies += 1
        return self._copies - 1, self._shape(frozenset(value))

    def _shape(self, keys: frozenset[str]) -> int:
        """Return the number of a set of keys; few differ."""
        number = self._numbers.setdefault(keys, len(self._keys))
        if number == len(self._keys):
            self._keys.append(keys)
        return number


def outline_of(records: Iterable[Record], branches: Branches) -> Outline:
    """Return the outline of a log."""
    outline = Outline(branches)
    for record in records:
        outline.see(record)
    outline.close()
    return outline
