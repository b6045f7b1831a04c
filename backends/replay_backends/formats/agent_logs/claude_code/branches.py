"""The tree of a transcript's records, and the branches that the user left.

Branches are found in the file's order, not by walking from the newest record to its
parents: a compaction breaks that chain.
"""

from collections.abc import Iterator
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.claude_code.entries import text_of, user_kind
from replay_backends.formats.recording import Record

_CONVERSATION: Final = frozenset({"user", "assistant"})


@attrs.define
class Tree:
    """The records by their parents."""

    #: The first record of its branch, by the ids of the records that the user left.
    dead: dict[str, str] = attrs.field(factory=dict)
    #: The places of prompts that seem to go back to before a compaction. The program
    #: writes a wrong parent after a second one, so nothing is dead then.
    wrong_parents: list[str] = attrs.field(factory=list)
    _parents: dict[str, str] = attrs.field(factory=dict)
    _children: dict[str, list[str]] = attrs.field(factory=dict)
    _said: set[str] = attrs.field(factory=set)  # ids of users' and models' records
    _compacted: set[str] = attrs.field(factory=set)  # ids above a compaction

    def add(self, record: Record) -> bool:
        """Add the next record; return False if it was there before."""
        value = record.value
        uuid, parent = text_of(value, "uuid"), text_of(value, "parentUuid")
        if not uuid or "parentUuid" not in value:
            return True
        if uuid in self._parents:
            return False
        if value.get("isSidechain"):  # it has nothing to do with the tree
            self._parents[uuid] = ""
            return True
        if value.get("type") == "user" and user_kind(value) == "prompt":
            self._leave(parent, record.at)
        elif parent in self.dead:
            self.dead[uuid] = self.dead[parent]
        self._connect(uuid, parent, value)
        return True

    def _connect(self, uuid: str, parent: str, value: dict[str, Any]) -> None:
        if value.get("type") in _CONVERSATION:
            self._said.add(uuid)
        if parent:
            self._children.setdefault(parent, []).append(uuid)
        elif value.get("subtype") == "compact_boundary":  # it begins a tree of its own
            parent = text_of(value, "logicalParentUuid")
        self._parents[uuid] = parent
        if value.get("subtype") == "compact_boundary":
            self._mark_compacted(parent)

    def _mark_compacted(self, uuid: str) -> None:
        while uuid and uuid not in self._compacted:
            self._compacted.add(uuid)
            uuid = self._parents.get(uuid, "")

    def _leave(self, parent: str, at: str) -> None:
        """Mark what is below a prompt's parent as dead: the user went back to it."""
        if not any(uuid in self._said for uuid in self._below(parent)):
            return
        if parent in self._compacted:
            self.wrong_parents.append(at)
            return
        below = [*self._below(parent)]
        self.dead.update(dict.fromkeys(below, below[0]))
        self._children[parent] = []

    def _below(self, parent: str) -> Iterator[str]:
        waiting = [*reversed(self._children.get(parent, ()))]
        while waiting:
            uuid = waiting.pop()
            if uuid not in self.dead:
                yield uuid
                waiting += reversed(self._children.get(uuid, ()))
