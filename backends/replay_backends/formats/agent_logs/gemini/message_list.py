"""The list of messages that the CLI's session file leaves: it is a log of changes."""

from collections.abc import Iterable
from typing import Any

import attrs

from replay_backends.formats.members import dicts_in, text_in
from replay_backends.formats.recording import Branches, Record


@attrs.define(eq=False)
class _Message:
    """A message of the list: where it was recorded, not what."""

    id: str
    keys: frozenset[str]
    answered: frozenset[str]  #: the calls whose results it holds
    number: int  #: its place in the list
    places: list[str]  #: the last whole copy, and those that hold more


@attrs.frozen
class Place:
    """What is at a place: a copy of a message of a session."""

    number: int  #: the message's, in the session
    is_last: bool  #: no other copy of it follows


@attrs.define
class Outline:
    """The list of messages that a log ends with."""

    branches: Branches
    session_id: str = ""
    #: The messages that were taken back, by the first one's id.
    dead: dict[str, list[_Message]] = attrs.field(factory=dict)
    dropped: dict[str, str] = attrs.field(factory=dict)  #: why, by place
    _list: list[_Message] = attrs.field(factory=list)
    _known: dict[str, _Message] = attrs.field(factory=dict)
    _shapes: dict[frozenset[str], frozenset[str]] = attrs.field(factory=dict)

    def see(self, record: Record) -> None:
        """Take in the next record."""
        if isinstance(record.value, dict):
            self.session_id = self.session_id or text_in(record.value, "sessionId")
        match record.value:
            case {"$set": {"messages": list(messages)}}:
                self._restore(messages, record.at)
            case {"$set": _}:
                pass
            case {"$rewindTo": target}:
                if self.branches != "all":
                    self._rewind(str(target))
            case {"type": str()} as value:
                self._append(value, record.at)

    def places(self, branch: str = "") -> dict[str, Place]:
        """Return the places of the messages: those that are left, or of a branch."""
        messages = self.dead[branch] if branch else self._list
        return {
            at: Place(number, at == message.places[-1])
            for number, message in enumerate(messages)
            for at in message.places
        }

    def answered(self, branch: str = "") -> set[str]:
        """Return the calls whose results are in messages with calls."""
        messages = self.dead[branch] if branch else self._list
        return set[str]().union(*(message.answered for message in messages))

    def _append(self, value: dict[str, Any], at: str) -> None:
        new = self._message(value, at)
        if known := self._known.get(new.id):
            known.keys, known.answered = new.keys, new.answered
            known.places = new.places
            return
        self._list.append(new)
        if new.id:
            self._known[new.id] = new

    def _rewind(self, target: str) -> None:
        known = self._known.get(target)
        start = known.number if known else 0
        left = self._list[start:]
        del self._list[start:]
        if left:
            first = left[0].id or left[0].places[0]
            self.dead[first if first not in self.dead else left[0].places[0]] = left
        self._forget(left, "dead-branch")

    def _restore(self, values: list[Any], at: str) -> None:
        """Take a checkpoint, whose copies of messages are poorer than the first."""
        before, self._list = self._list, []
        known = dict(self._known)
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                continue
            new = self._message(value, f"{at}/$set/messages/{number}")
            if old := known.pop(new.id, None):
                if not new.keys <= old.keys:
                    old.places += new.places
                    old.keys |= new.keys
                    old.answered |= new.answered
                new = old
            new.number = len(self._list)
            self._list.append(new)
        left = set(map(id, self._list))
        self._forget([each for each in before if id(each) not in left], "compacted")
        self._known = {each.id: each for each in self._list if each.id}

    def _forget(self, messages: Iterable[_Message], why: str) -> None:
        for message in messages:
            self._known.pop(message.id, None)
            self.dropped.update(dict.fromkeys(message.places, why))

    def _message(self, value: dict[str, Any], at: str) -> _Message:
        keys = frozenset(value)
        keys = self._shapes.setdefault(keys, keys)  # few differ: they share memory
        calls = dicts_in(value, "toolCalls")
        answered = frozenset(
            text_in(call, "id") for call in calls if call.get("result")
        )
        name, number = text_in(value, "id"), len(self._list)
        return _Message(name, keys, answered - {""}, number, [at])


def outline_of(records: Iterable[Record], branches: Branches) -> Outline:
    """Return the outline of a log."""
    outline = Outline(branches)
    for record in records:
        outline.see(record)
    return outline
