"""Runs of deltas, and their comparison with full events.

Texts are compared in *units*: the text itself or, if it holds halves of surrogate
pairs, the text with every pair taken apart, so that units join as the texts do.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import attrs

from replay.coalescing.surrogates import (
    cuts_a_pair,
    has_surrogates,
    join_surrogates,
    split_surrogates,
)
from replay.model.events import Kind
from replay.model.messages import Message

#: A message, and the position of the full event that it has its content from.
Settled: TypeAlias = tuple[Message, int]

_SOLID = re.compile(r"\S")


@attrs.define(eq=False)
class Run:
    """A stretch of deltas of one kind, and its place in the order of delivery."""

    kind: Kind
    index: int  #: the position of its first delta
    pieces: list[str] = attrs.field(factory=list)
    messages: list[Message] = attrs.field(factory=list)  #: settled, not yet delivered
    settled: Settled | None = None  #: the first message that begins with it
    #: the next message after it, of its kind, that a full event settled
    settled_next: Settled | None = None
    pending: bool = True  #: False: no part of it waits for a full event any more
    is_cut: bool = False  #: whether a full event settled only a part of it
    text: str = ""  #: the joined deltas, once it is closed; so are surrogate pairs
    last_solid: int = -1  #: the latest pending run up to it that isn't blank
    may_have_surrogates: bool = False  #: whether any of the deltas may
    _apart: str | None = None  #: that text taken apart, once it was needed

    def close(self, last_solid: int) -> bool:
        """Join the deltas; tell whether halves of surrogate pairs are left.

        Args:
            last_solid: The index of the latest run before it that isn't blank.
        """
        text = "".join(self.pieces)
        is_to_join = self.may_have_surrogates and has_surrogates(text)
        self.text = join_surrogates(text) if is_to_join else text
        self.last_solid = last_solid if self.text.isspace() else self.index
        return is_to_join and has_surrogates(self.text)

    def units(self, *, apart: bool) -> str:
        """Return its text as it is, or with every surrogate pair taken apart."""
        if not apart:
            return self.text
        if self._apart is None:
            self._apart = split_surrogates(self.text)
        return self._apart

    def keep(self, rest: str, *, apart: bool) -> None:
        """Keep only the end of its text, given in units."""
        self.is_cut = self.is_cut or rest != self.units(apart=apart)
        self.text = join_surrogates(rest) if apart else rest
        self._apart = rest if apart else None


def tail_equal_to(content: str, texts: Iterable[str]) -> int:
    """Return how many of *texts*, last first, join to *content*; 0 for none.

    Args:
        content: What to find, not empty.
        texts: The texts from the last to the first; read only as far as needed.
    """
    end = len(content)
    for count, text in enumerate(texts, 1):
        if not content.endswith(text, 0, end):
            return 0
        end -= len(text)
        if end <= 0:
            return count
    return 0


def beginning_in(content: str, texts: Iterable[str]) -> tuple[int, str] | None:
    """Return where *content* ends in *texts*, or None if they don't begin with it.

    Returns:
        How many texts it covers completely, and the rest of the next one, which is
        never empty, since *content* is a proper beginning.
    """
    at = 0
    for count, text in enumerate(texts):
        if content.startswith(text, at):
            at += len(text)
            continue
        left = content[at:]
        if len(text) <= len(left) or not text.startswith(left):
            return None
        rest = text[len(left) :]
        return None if cuts_a_pair(content, rest) else (count, rest)
    return None


def equal_but_for_space(content: str, texts: Iterable[str]) -> bool:
    """Tell whether *texts* join to *content*, ignoring white space at the ends."""
    wanted, at = content.strip(), 0
    for text in texts:
        start = 0 if at else _first_solid(text)
        left = len(wanted) - at
        if len(text) - start <= left:
            matches = wanted.startswith(text[start:], at)
        else:
            end = start + left
            matches = text.startswith(wanted[at:], start) and not _SOLID.search(
                text, end
            )
        if not matches:
            return False
        at = min(at + len(text) - start, len(wanted))
    return at == len(wanted)


def _first_solid(text: str) -> int:
    solid = _SOLID.search(text)
    return solid.start() if solid else len(text)


def is_proper_beginning(texts: Iterable[str], content: str) -> bool:
    """Tell whether *texts* join to a proper beginning of *content*."""
    at = 0
    for text in texts:
        if not content.startswith(text, at):
            return False
        at += len(text)
    return at < len(content) and not cuts_a_pair(content[:at], content[at:])


def first_difference(one: str, other: str) -> int:
    """Return the offset of the first character in which two texts differ."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def beginnings_at_end(content: str, text: str) -> Iterator[int]:
    """Yield the lengths of the beginnings of *content* that *text* ends with.

    The longest comes first. (Knuth-Morris-Pratt: linear even for hostile texts.)
    """
    falls = [0] * len(content)
    length = 0
    for place in range(1, len(content)):
        while length and content[place] != content[length]:
            length = falls[length - 1]
        length += content[place] == content[length]
        falls[place] = length
    length = 0
    for character in text[-len(content) :]:
        while length and content[length] != character:
            length = falls[length - 1]
        length += content[length] == character
        if length == len(content):
            yield length
            length = falls[length - 1]
    while length:
        yield length
        length = falls[length - 1]
