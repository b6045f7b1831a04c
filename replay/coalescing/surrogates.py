"""Surrogate pairs, whose halves a delta may cut apart.

JSON writes a character beyond U+FFFF as two escapes. If a recorder cut the text between
them, each piece holds half of the character.
"""

import re
from array import array

_HIGH, _LOW = re.compile("[\ud800-\udbff]"), re.compile("[\udc00-\udfff]")


def join_surrogates(text: str) -> str:
    r"""Return *text* with the surrogate halves that belong together joined.

    >>> join_surrogates("\ud83d\ude00") == "\U0001f600"
    True
    """
    if not has_surrogates(text):
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")


def has_surrogates(text: str) -> bool:
    """Tell whether *text* holds halves of surrogate pairs, lone or not."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def split_surrogates(text: str) -> str:
    """Return *text* with every surrogate pair as two halves."""
    if text.isascii():
        return text
    return "".join(map(chr, array("H", text.encode("utf-16-le", "surrogatepass"))))


def cuts_a_pair(before: str, after: str) -> bool:
    """Tell whether a surrogate pair has its halves on either side of a cut."""
    return _HIGH.match(before[-1:]) is not None and _LOW.match(after) is not None
