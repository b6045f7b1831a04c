"""A text with its secrets replaced, and what was replaced in it."""

from collections.abc import Iterable

import attrs


@attrs.frozen
class Redacted:
    """One stretch of a text that was replaced; it tells where, never what."""

    session_id: str  #: as it was rewritten; empty: it was no session
    path: str  #: from the session's root, as rewritten; ``~`` at its end: a key itself
    rule: str  #: the kind of secret
    start: int  #: where it stood, in characters of the recorded text
    length: int  #: how long it was, in characters
    pseudonym: str  #: what stands there now; empty: it stands where the secret began


@attrs.frozen
class Stretch:
    """A part of a text, and what is to stand there."""

    start: int
    end: int
    rule: str
    pseudonym: str


def replaced(text: str, stretches: Iterable[Stretch]) -> str:
    """Return a text with stretches of it replaced.

    Args:
        text: The text.
        stretches: In order; they do not overlap.
    """
    pieces: list[str] = []
    at = 0
    for each in stretches:
        pieces += (text[at : each.start], each.pseudonym)
        at = each.end
    return "".join([*pieces, text[at:]])
