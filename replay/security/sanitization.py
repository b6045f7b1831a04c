r"""Recorded text made safe to show: control characters are displayed, never obeyed.

The replacements of characters:

- a C0 control other than line feed and tab: its picture, such as ``␛`` for ESC;
- half of a surrogate pair, which no encoding can write: U+FFFD;
- DEL, the C1 controls, bidirectional controls, line and paragraph separators, and
  invisible format controls (zero-width space, byte order mark, tags and the like):
  their code point, such as ``\u{202e}``.

The soft hyphen and the zero-width joiners stay, since written languages need them.

Source: terminals obey ECMA-48; Unicode 15, general categories Cc, Cf, Cs, Zl and Zp.
"""

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f"  # C0, less tab and line feed
    "\x7f-\x9f"  # DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # halves of surrogate pairs
    "\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # format controls
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # … of shorthand and of music
    "\U000e0000-\U000e007f"  # tags
    "]"
)
_PICTURES: Final = 0x2400  # the block of Unicode that shows C0, in the order of C0
_LAYOUT: Final = str.maketrans("\t\n", "\u2409\u240a")


def sanitize(text: str) -> str:
    r"""Return *text* made safe to show; line feeds and tabs stay.

    Sanitizing it again changes nothing.

    >>> print(sanitize("\x1b[31mred\x07 \u202eabc"))
    ␛[31mred␇ \u{202e}abc
    """
    return text if _is_safe(text) else _UNSAFE.sub(_shown, text)


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
    return text if _is_safe(text) else _UNSAFE.sub(_escaped, text)


def _is_safe(text: str) -> bool:
    """Tell quickly that nothing needs replacing; False: perhaps something does."""
    return text.isprintable() or text.replace("\n", "").isprintable()


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character < " ":
        return chr(_PICTURES + code)
    return "\ufffd" if "\ud800" <= character <= "\udfff" else f"\\u{{{code:x}}}"


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
