r"""Other spellings of characters, and how a text reads without them.

A tool's result is often JSON, a URL, HTML, Markdown or an email within a text, in which
a character has other spellings: ``\u0040``, ``%40``, ``&#64;``, ``\_`` or ``=40``. Word
processors use other blanks and hyphens, and terminals colour what they show.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

_BLANK: Final = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_HYPHEN: Final = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
#: What shows nothing: control characters, marks of direction, joiners, variants, tags.
_NOTHING: Final = (
    "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4"
    "\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
#: Wide, small and mathematical letters, digits and signs.
_ALIKE: Final = "\uff01-\uff5e\ufe50-\ufe6b\U0001d400-\U0001d7ff"
_LAST_OF_ASCII: Final = "\x7f"
_NAMES: Final = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "amp": "&",
    "apos": "'",
    "ast": "*",
    "colon": ":",
    "commat": "@",
    "dollar": "$",
    "equals": "=",
    "excl": "!",
    "gt": ">",
    "hyphen": "-",
    "lowbar": "_",
    "lt": "<",
    "nbsp": " ",
    "num": "#",
    "percnt": "%",
    "period": ".",
    "plus": "+",
    "quot": '"',
    "sol": "/",
}
#: A terminal's command: to change the colour, say, or to begin a link.
_COMMAND: Final = (
    r"(?:\x1b|\\{1,8}(?:u001[bB]|x1[bB]|033|e))"
    r"(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\\]{0,2000}(?:\x07|\x1b\\))"
)
_UNIT: Final = re.compile(
    rf"(?P<command>{_COMMAND})"
    r"|\\{1,8}(?:u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\{1,8}"
    r"u(?P<pair>[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|u(?P<u>[0-9A-Fa-f]{4})|u\{0{0,6}(?P<point>[0-9A-Fa-f]{1,4})\}"
    r"|x(?P<x>[0-9A-Fa-f]{2})|(?P<escape>[nrt])|(?P<mark>[!#-&(-/:-@[\]^_`{-~]))"
    r"|(?<!\\)\\(?:\\\\(?:\\{4})?)?(?P<quote>[\"'])"  # of JSON in JSON, and so on
    r"|%(?:25){0,3}(?P<percent>[0-9A-Fa-f]{2})"
    r"|&\#[xX]0{0,8}(?P<hex>[0-9A-Fa-f]{2,4});|&\#0{0,8}(?P<decimal>[0-9]{2,5});"
    rf"|&(?P<entity>{'|'.join(_NAMES)});"
    rf"|(?P<blank>[{_BLANK}])|(?P<hyphen>[{_HYPHEN}])|(?P<nothing>[{_NOTHING}])"
    rf"|(?P<alike>[{_ALIKE}])"
)
#: The first characters of these; searching for them first takes a tenth of the time.
_BEGIN: Final = re.compile(rf"[\\%&{_BLANK}{_HYPHEN}{_NOTHING}{_ALIKE}]")
#: In emails, lines are folded, and signs may be spelt; letters and digits never are.
_QUOTED_PRINTABLE: Final = re.compile(
    r"=(?:(?P<percent>0[9AD]|2[0-9A-F]|3[A-F]|40|5[B-F]|60|7[B-E]|[89A-F][0-9A-F])"
    r"|\r?(?P<nothing>\n))"
)
_BASES: Final = {"u": 16, "point": 16, "x": 16, "percent": 16, "hex": 16, "decimal": 10}
_SIGNS: Final = {"command": "", "blank": " ", "hyphen": "-", "nothing": ""}


class Reading:
    """A text with other spellings decoded, and the places of its parts.

    Args:
        text: The text as it was recorded.
        spellings: The matches of other spellings in it, in order.
        command: What a terminal's commands are read as.
        is_certain: The text cannot be meant as it stands.
    """

    def __init__(
        self,
        text: str,
        spellings: Iterable[re.Match[str]],
        *,
        command: str = "",
        is_certain: bool = True,
    ) -> None:
        self.is_certain = is_certain
        self.keeps_ascii = True  #: each character of ASCII stands for itself
        #: for each spelling: start and end in the reading, then in the original
        self._places: list[tuple[int, int, int, int]] = []
        pieces: list[str] = []
        at = size = 0
        for match in spellings:
            sign = command if match.lastgroup == "command" else _sign(match)
            pieces += (text[at : match.start()], sign)
            size += match.start() - at
            at = match.end()
            self.keeps_ascii &= text[match.start()] > _LAST_OF_ASCII
            self._places.append((size, size + len(sign), match.start(), at))
            size += len(sign)
        self.text = "".join([*pieces, text[at:]])

    def place(self, at: int, more: int = 0) -> int:
        """Return a character's start in the original, or its end if *more* is 1."""
        number = bisect_right(self._places, at, key=itemgetter(0))
        if not number:
            return at + more
        _, read_end, start, end = self._places[number - 1]
        if at < read_end:
            return end if more else start
        return end + at - read_end + more

    def after(self, at: int) -> int:
        """Return a place in the original, moved to the end of a spelling around it."""
        number = bisect_right(self._places, at - 1, key=itemgetter(2))
        return max(at, self._places[number - 1][3]) if number else at


def readings(text: str) -> Iterator[Reading]:
    """Yield the readings of a text, if any differs from the text itself.

    A terminal's command may stand within a word or between two, and an equals sign may
    be one, so these are read in both ways.
    """
    spellings = [*_spellings(text)]
    if spellings:
        yield Reading(text, spellings)
        if any(each.lastgroup == "command" for each in spellings):
            yield Reading(text, spellings, command="\n")
    if folds := [*_QUOTED_PRINTABLE.finditer(text)]:
        yield Reading(text, folds, is_certain=False)


def _spellings(text: str) -> Iterator[re.Match[str]]:
    """Yield the other spellings of characters, in order."""
    at = 0
    while begin := _BEGIN.search(text, at):
        match = _UNIT.match(text, begin.start())
        at = (match or begin).end()
        if match:
            yield match


def _sign(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    spelling = match[kind]
    if kind in _BASES:
        return chr(int(spelling, _BASES[kind]) & 0xFFFF)
    if kind == "pair":
        pair = bytes.fromhex(match["high"] + spelling)
        return pair.decode("utf-16-be")
    if kind == "alike":
        return unicodedata.normalize("NFKC", spelling)
    if kind in ("escape", "entity"):
        return _NAMES[spelling]
    return _SIGNS.get(kind, spelling)
