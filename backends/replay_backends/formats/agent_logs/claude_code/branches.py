"""The tree of a transcript's records, and the branches that the user left.

Branches are found in the file's order, not by walking from the newest record to its
parents: a compaction breaks that chain.
"""

from array import array
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.claude_code.entries import (
    blocks_in,
    user_kind,
)
from replay_backends.formats.agent_logs.claude_code.text_numbers import TextNumbers
from replay_backends.formats.members import text_in

_NONE: Final = -1
_CONVERSATION: Final = frozenset({"user", "assistant"})
#: Marks of a record: something was said below it, or a compaction is below it.
_ANSWERED: Final = 1
_COMPACTED: Final = 2


def _is_prompt(value: Mapping[str, Any]) -> bool:
    return value.get("type") == "user" and (
        user_kind(value, blocks_in(value)) == "prompt"
    )


def _numbers() -> "array[int]":
    return array("i")


@attrs.define
class Tree:
    """The records by their parents.

    A node is a record, or a parent that may still come. There are as many nodes as
    records, so they are numbers, in arrays.
    """

    #: The number of the first record of its branch, by the numbers of the records that
    #: the user left.
    dead: dict[int, int] = attrs.field(factory=dict)
    repeated: set[int] = attrs.field(factory=set)  #: numbers of repeated records
    #: Whether a prompt seems to go back to before a compaction, by numbers. The program
    #: writes a wrong parent after a second one, so nothing is dead then.
    wrong_parents: set[int] = attrs.field(factory=set)
    _nodes: TextNumbers = attrs.field(factory=TextNumbers)  # by uuid
    _records: "array[int]" = attrs.field(factory=_numbers)  # their numbers, by node
    _parents: "array[int]" = attrs.field(factory=_numbers)
    _children: "array[int]" = attrs.field(factory=_numbers)  # the newest of each
    _siblings: "array[int]" = attrs.field(factory=_numbers)  # the next older one
    _marks: bytearray = attrs.field(factory=bytearray)

    def add(self, number: int, value: Mapping[str, Any]) -> bool:
        """Add a record by its number; return False if it was there before."""
        uuid = text_in(value, "uuid")
        if not uuid or "parentUuid" not in value:
            return True
        node = self._node(uuid)
        if self._records[node] != _NONE:
            self.repeated.add(number)
            return False
        self._records[node] = number
        if not value.get("isSidechain"):  # else it has nothing to do with the tree
            self._place(node, number, value)
        return True

    def _node(self, uuid: str) -> int:
        count = len(self._marks)
        node = self._nodes.setdefault(uuid, count)
        if node == count:
            self._records.append(_NONE)
            self._parents.append(_NONE)
            self._children.append(_NONE)
            self._siblings.append(_NONE)
            self._marks.append(0)
        return node

    def _place(self, node: int, number: int, value: Mapping[str, Any]) -> None:
        if parent_id := text_in(value, "parentUuid"):
            parent = self._node(parent_id)
            above = self._records[parent]
            if self._marks[parent] & _ANSWERED or above in self.dead:
                if _is_prompt(value):
                    self._leave(parent, number)
                elif above in self.dead:
                    self.dead[number] = self.dead[above]
            self._parents[node] = parent
            self._siblings[node] = self._children[parent]
            self._children[parent] = node
            if text_in(value, "type") in _CONVERSATION:
                self._mark_above(parent, _ANSWERED)
        above_it = parent_id or text_in(value, "logicalParentUuid")
        if above_it and value.get("subtype") == "compact_boundary":
            self._mark_above(self._node(above_it), _COMPACTED)

    def _mark_above(self, node: int, mark: int) -> None:
        """Mark a node and all above it."""
        while node != _NONE and not self._marks[node] & mark:
            self._marks[node] |= mark
            node = self._parents[node]

    def _leave(self, parent: int, number: int) -> None:
        """Mark what is below a prompt's parent as dead: the user went back to it."""
        if self._marks[parent] & _COMPACTED:
            self.wrong_parents.add(number)
            return
        left: list[int] = []
        waiting = [parent]
        while waiting:
            node = waiting.pop()
            child, self._children[node] = self._children[node], _NONE
            while child != _NONE:
                left.append(self._records[child])
                waiting.append(child)
                child = self._siblings[child]
        alive = [each for each in left if each not in self.dead]
        self.dead.update(dict.fromkeys(alive, min(alive, default=_NONE)))
        self._marks[parent] &= ~_ANSWERED
