"""Runs of deltas, and how a full event compares with them.

Texts are compared in *units*: the text itself or, where it holds halves of surrogate
pairs, the text with every pair taken apart, so that units join as the texts do.
"""

import re
from array import array
from collections.abc import Callable, Iterable

import attrs

from replay.messages import Kind, Message

_HIGH, _LOW = re.compile("[\ud800-\udbff]"), re.compile("[\udc00-\udfff]")


def joined(text: str) -> str:
    r"""Return *text* with the surrogate halves that belong together joined.

    >>> joined("\ud83d\ude00") == "\U0001f600"
    True
    """
    if not has_halves(text):
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")


def has_halves(text: str) -> bool:
    """Tell whether *text* holds halves of surrogate pairs, lone or not."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def taken_apart(text: str) -> str:
    """Return *text* with every surrogate pair as two halves."""
    if text.isascii():
        return text
    return "".join(map(chr, array("H", text.encode("utf-16-le", "surrogatepass"))))


@attrs.define(eq=False)
class Run:
    """A stretch of deltas of one kind, and its place in the order of delivery."""

    kind: Kind
    index: int  #: the position of its first delta
    pieces: list[str] = attrs.field(factory=list)
    messages: list[Message] = attrs.field(factory=list)  #: settled, not yet delivered
    pending: bool = True  #: False: nothing of it waits for a full event any more

    text: str = ""  #: the deltas joined to characters, once it is closed
    has_halves: bool = False  #: whether that text holds halves of surrogate pairs

    def close(self) -> None:
        """Take no more deltas."""
        self.text = "".join(self.pieces)
        if has_halves(self.text):
            self.text = joined(self.text)
            self.has_halves = has_halves(self.text)


Units = Callable[[str], str]


def same(text: str) -> str:
    """Return *text*: the units of a text without halves."""
    return text


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
    """Return where *content* ends within *texts*, or None where they do not begin so.

    Returns:
        How many texts it covers whole, and what it leaves of the next one; the rest
        is not empty, since *content* is a proper beginning.
    """
    at = 0
    for count, text in enumerate(texts):
        if content.startswith(text, at):
            at += len(text)
            continue
        left = content[at:]
        rest = text[len(left) :]
        if not rest or not text.startswith(left) or _cuts_a_pair(content, rest):
            return None
        return count, rest
    return None


def _cuts_a_pair(before: str, after: str) -> bool:
    return _HIGH.match(before[-1:]) is not None and _LOW.match(after) is not None


def equal_but_for_space(content: str, texts: Iterable[str]) -> bool:
    """Tell whether *texts* join to *content*, white space at the ends aside."""
    wanted, at = content.strip(), 0
    for text in texts:
        piece = text if at else text.lstrip()
        if wanted.startswith(piece, at):
            at += len(piece)
        elif wanted[at:] == piece.rstrip():
            at = len(wanted)
        else:
            return False
    return at == len(wanted)


def is_proper_beginning(texts: Iterable[str], content: str) -> bool:
    """Tell whether *texts* join to a proper beginning of *content*."""
    at = 0
    for text in texts:
        if not content.startswith(text, at):
            return False
        at += len(text)
    return at < len(content) and not _cuts_a_pair(content[:at], content[at:])


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
