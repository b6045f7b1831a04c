r"""Other spellings of characters, and how a text reads without them.

A tool's result is often JSON, a URL, HTML, Markdown or an email within a text, in which
a character has other spellings: ``\u0040``, ``%40``, ``&#64;``, ``\_`` or ``=40``. Word
processors use other blanks and hyphens, and terminals colour what they show.
"""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

_BLANK: Final = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_HYPHEN: Final = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
#: What shows nothing: control characters, marks of direction, joiners, variants, tags.
_NOTHING: Final = (
    "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4"
    "\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb"
)
_TAGS: Final = "\U000e0000-\U000e0fff"
#: The same beyond the first 65,536 characters, in shorthand and music.
_NOTHING_BEYOND: Final = f"\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a{_TAGS}"
#: Wide, small and mathematical letters, digits and signs.
_WIDE: Final = "\uff01-\uff5e\ufe50-\ufe6b"
_ALIKE: Final = f"{_WIDE}\U0001d400-\U0001d7ff"
_LAST_OF_ASCII: Final = "\x7f"
_LAST: Final = 0x10FFFF
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
    "emsp": " ",
    "ensp": " ",
    "equals": "=",
    "excl": "!",
    "gt": ">",
    "hyphen": "-",
    "lowbar": "_",
    "lrm": "",
    "lt": "<",
    "mdash": "-",
    "nbsp": " ",
    "ndash": "-",
    "num": "#",
    "percnt": "%",
    "period": ".",
    "plus": "+",
    "quot": '"',
    "rlm": "",
    "shy": "",
    "sol": "/",
    "thinsp": " ",
    "vert": "|",
    "zwj": "",
    "zwnj": "",
    "ZeroWidthSpace": "",
}
#: A terminal's command: to change the colour or the alphabet, say, or to begin a link.
_COMMAND: Final = (
    r"(?=[\x1b\x9b\\^])(?:(?:\x1b|\\{1,8}(?:u001[bB]|x1[bB]|033|[eE])|\^\[)"
    r"(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|[(-+][0-~]|[78=>]"
    r"|\][^\x07\x1b\\]{0,2000}(?:\x07|\x1b\\))"
    r"|\x9b[0-?]{0,40}[ -/]{0,4}[@-~])"
)
_UNIT: Final = re.compile(
    rf"(?P<blank>[{_BLANK}])|(?P<hyphen>[{_HYPHEN}])|(?P<alike>[{_ALIKE}])"
    rf"|(?P<command>{_COMMAND})|(?P<nothing>[{_NOTHING}{_NOTHING_BEYOND}])"
    r"|\\{1,8}(?:u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\{1,8}"
    r"u(?P<pair>[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|u(?P<u>[0-9A-Fa-f]{4})|u\{0{0,6}(?P<point>[0-9A-Fa-f]{1,6})\}"
    r"|U(?P<long>[0-9A-Fa-f]{8})"
    r"|x(?P<x>[0-9A-Fa-f]{2})|(?P<escape>[nrt])|(?P<mark>[!#-&(-/:-@[\]^_`{-~]))"
    r"|(?<!\\)\\(?:\\\\(?:\\{4})?)?(?P<quote>[\"'])"  # of JSON in JSON, and so on
    r"|%(?:25){0,3}(?P<percent>[0-9A-Fa-f]{2})"
    r"|&\#[xX]0{0,8}(?P<hex>[0-9A-Fa-f]{2,6});|&\#0{0,8}(?P<decimal>[0-9]{2,7});"
    rf"|&(?P<entity>{'|'.join(_NAMES)});"
)
#: The first characters of these; searching for them first takes a tenth of the time.
_BEGIN: Final = re.compile(
    rf"[\\%&^{_BLANK}{_HYPHEN}{_NOTHING}{_WIDE}"
    rf"\U0001bca0-\U0001d7ff{_TAGS}]"  # more than they are, since each range takes time
)
#: In emails, lines are folded, and signs may be spelt; letters and digits never are.
_QUOTED_PRINTABLE: Final = re.compile(
    r"=(?:(?P<percent>0[9AD]|2[0-9A-F]|3[A-F]|40|5[B-F]|60|7[B-E]|[89A-F][0-9A-F])"
    r"|\r?(?P<nothing>\n))"
)
_BASES: Final = {"decimal": 10} | dict.fromkeys(
    ("u", "point", "long", "x", "percent", "hex"), 16
)
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
        self.has_commands = False  #: of a terminal
        #: of each spelling: start and end in the reading, then in the original
        self._places = array("q")
        pieces: list[str] = []
        at = size = 0
        for match in spellings:
            start, end = match.span()
            if match.lastgroup == "command":
                sign, self.has_commands = command, True
            else:
                sign = _sign(match)
            if text[start] <= _LAST_OF_ASCII:
                self.keeps_ascii = False
            pieces += (text[at:start], sign)
            size += start - at
            self._places.extend((size, size + len(sign), start, end))
            size += len(sign)
            at = end
        self.text = "".join([*pieces, text[at:]])

    def place(self, at: int, more: int = 0) -> int:
        """Return a character's start in the original, or its end if *more* is 1."""
        spelling = self._last_before(at, column=0)
        if not spelling:
            return at + more
        _, read_end, start, end = spelling
        if at < read_end:
            return end if more else start
        return end + at - read_end + more

    def after(self, at: int) -> int:
        """Return a place in the original, moved to the end of a spelling around it."""
        spelling = self._last_before(at - 1, column=2)
        return max(at, spelling[3]) if spelling else at

    def _last_before(self, at: int, column: int) -> Sequence[int] | None:
        """Return the places of the last spelling that begins at *at* or before."""
        places = self._places
        rows = range(0, len(places), 4)
        number = bisect_right(rows, at, key=lambda row: places[row + column])
        return places[4 * number - 4 : 4 * number] if number else None


def readings(text: str) -> Iterator[Reading]:
    """Yield the readings of a text, if any differs from the text itself.

    A terminal's command may stand within a word or between two, and an equals sign may
    be one, so these are read in both ways.
    """
    spellings = _spellings(text)
    for first in spellings:  # if there is one; the reading takes the others
        reading = Reading(text, chain([first], spellings))
        yield reading
        if reading.has_commands:
            yield Reading(text, _spellings(text), command="\n")
    if _QUOTED_PRINTABLE.search(text):
        folds = _QUOTED_PRINTABLE.finditer(text)
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
        number = int(spelling, _BASES[kind])
        return chr(number) if number <= _LAST else ""
    if kind == "pair":
        pair = bytes.fromhex(match["high"] + spelling)
        return pair.decode("utf-16-be")
    if kind == "alike":
        return unicodedata.normalize("NFKC", spelling)
    if kind in ("escape", "entity"):
        return _NAMES[spelling]
    return _SIGNS.get(kind, spelling)
