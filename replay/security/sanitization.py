r"""Recorded text made safe to show: control characters are displayed, never obeyed.

The replacements of characters:

- a C0 control other than line feed and tab: its picture, such as ``␛`` for ESC;
- half of a surrogate pair, which no encoding can write: U+FFFD;
- everything else that is invisible or controls the layout: DEL, the C1 controls,
  bidirectional controls, line and paragraph separators, fillers and blanks without
  width or ink, selectors of ideographs, tags and the like: its code point, such as
  ``\u{202e}``.

Written languages and emoji need the soft hyphen, the zero-width joiners and the
variation selectors: one of them stays, or a selector with a joiner, but not a run of
them, which can hide a message. Of more than eight combining marks in a row, those after
the eighth are replaced too, since they are drawn over the lines around them.

Source: terminals obey ECMA-48; Unicode 15, general categories Cc, Cf, Cs, Me, Mn, Zl
and Zp, and the property Default_Ignorable_Code_Point.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import Final

_MOST_MARKS: Final = 8  # Tibetan needs seven
_UNSAFE: Final = (
    "\x00-\x08\x0b-\x1f"  # C0, less tab and line feed
    "\x7f-\x9f"  # DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # halves of surrogate pairs
    "\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb"  # format controls
    "\u034f\u17b4\u17b5"  # marks without ink
    "\u115f\u1160\u2800\u3164\uffa0"  # fillers and blanks
    "\U000e0000-\U000e0fff"  # tags, selectors of ideographs
)
#: More format controls, of shorthand and of music, and a note without ink.
_UNSAFE_SIGNS: Final = "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
_JOINING: Final = "\u00ad\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f"
#: One that may be unsafe: a single range of signs is faster.
_SUSPECT: Final = re.compile(f"[{_UNSAFE}\U0001bca0-\U0001d17a]")
_RUN: Final = re.compile(f"[{_UNSAFE}{_UNSAFE_SIGNS}]|[{_JOINING}]{{2,}}")
_SELECTOR_AND_JOINER: Final = re.compile("[\ufe00-\ufe0f]\u200d")
#: The blocks that hold combining marks; those from U+10000 on are taken whole.
_MARKED: Final = (
    range(0x300, 0x1E00),
    range(0x20D0, 0x2100),
    range(0x2CEF, 0x30A0),
    range(0xA66F, 0xAC00),
    range(0xFB1E, 0xFB1F),
    range(0xFE20, 0xFE30),
)
_OTHER_MARKS: Final = "\U00010000-\U0001efff"
_PICTURES: Final = 0x2400  # the block of Unicode that shows C0, in the order of C0
_LAYOUT: Final = str.maketrans("\t\n", "\u2409\u240a")


def sanitize(text: str) -> str:
    r"""Return *text* made safe to show; line feeds and tabs stay.

    Sanitizing it again changes nothing.

    >>> print(sanitize("\x1b[31mred\x07 \u202eabc"))
    ␛[31mred␇ \u{202e}abc
    """
    return text if _is_safe(text) else _replace(text, _shown)


def sanitize_line(text: str) -> str:
    r"""Return *text* made safe to show within one line.

    >>> print(sanitize_line("one\n\ttwo"))
    one␊␉two
    """
    if text.isascii() and text.isprintable():
        return text
    return sanitize(text).translate(_LAYOUT)


def escape_json(text: str) -> str:
    r"""Return JSON text of the same value that is safe to show.

    Args:
        text: Valid JSON, laid out with spaces, tabs and line feeds only, so that unsafe
            characters are all within strings. They become ``\uXXXX``.

    >>> print(escape_json('["\u202eabc"]'))
    ["\u202eabc"]
    """
    return text if _is_safe(text) else _replace(text, _escaped)


def _is_safe(text: str) -> bool:
    """Tell quickly that nothing needs replacing; False: perhaps something does."""
    if text.isascii() and (text.isprintable() or text.replace("\n", "").isprintable()):
        return True
    return not (_SUSPECT.search(text) or _row_of(2).search(text))


@cache
def _row_of(count: int) -> re.Pattern[str]:
    """Return a pattern of at least *count* characters that join or mark others."""
    found = (chr(code) for code in chain.from_iterable(_MARKED) if _is_mark(chr(code)))
    one = f"[{_JOINING}{''.join(found)}{_OTHER_MARKS}]"
    return re.compile(f"{one}{one}{{{count - 1},}}")  # fast, as it begins with a set


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def _replace(text: str, shown: Callable[[str], str]) -> str:
    """Return *text* with each unsafe character as *shown*."""

    def unsafe(match: re.Match[str]) -> str:
        run = match[0]
        kept = 0 if len(run) == 1 else 2 if _SELECTOR_AND_JOINER.match(run) else 1
        return run[:kept] + "".join(map(shown, run[kept:]))

    def marks(match: re.Match[str]) -> str:
        pieces, row = [], 0
        for character in match[0]:
            if _is_mark(character):
                row += 1
            elif character not in _JOINING:
                row = 0
            pieces.append(shown(character) if row > _MOST_MARKS else character)
        return "".join(pieces)

    text = _RUN.sub(unsafe, text)
    return _row_of(_MOST_MARKS + 1).sub(marks, text)


def _shown(character: str) -> str:
    code = ord(character)
    if character < " ":
        return chr(_PICTURES + code)
    return "\ufffd" if "\ud800" <= character <= "\udfff" else f"\\u{{{code:x}}}"


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
