"""A kind of secret, and the user's own kinds."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from string import ascii_letters, ascii_uppercase, digits
from typing import Final, TypeAlias

import attrs


class Glimpse:
    """What can be seen of a text quickly.

    Args:
        text: It, with ``?`` for all that isn't ASCII.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text

    @cached_property
    def words(self) -> Collection[bytes]:
        """Return the different words, of which most texts have few."""
        return {*self.text.split()}


#: Returns what matters of a text.
Sieve: TypeAlias = Callable[[Glimpse], bytes]


def _marked(characters: str, mark: str = "") -> bytes:
    """Return a table that makes some characters the same, and all others blank."""
    ascii_ = map(chr, range(256))
    marks = (mark or each if each in characters else " " for each in ascii_)
    return "".join(marks).encode("latin-1")


_TOKEN: Final = _marked(ascii_letters + digits + "-_+/=.:~@|")
_DIGITS: Final = _marked(digits, "0")
_CAPITALS: Final = _marked(ascii_uppercase + digits, "A")
_NO_RARE_SIGNS: Final = bytes({*range(256)}.difference(b"@+"))
_LONG: Final = 16  # characters; a key or token is never shorter
_VERY_LONG: Final = 30  # characters of one that only a service's name tells


def long_words(seen: Glimpse) -> bytes:
    """Return the words that are long enough for a token."""
    return b" ".join(_long(seen.words, _LONG))


def lower_case(seen: Glimpse) -> bytes:
    """Return all words in lower case."""
    return b" ".join(seen.words).lower()


def lower_case_beside_long(seen: Glimpse) -> bytes:
    """Return all words in lower case, if one is very long."""
    return b" ".join(seen.words).lower() if _long(seen.words, _VERY_LONG) else b""


def grouped_digits(seen: Glimpse) -> bytes:
    """Return a text with digits as zeros, and no blanks and hyphens between them."""
    return seen.text.translate(_DIGITS, b" -")


def grouped_capitals(seen: Glimpse) -> bytes:
    """Return a text with capitals and digits as ``A``, and no blanks between them."""
    return seen.text.translate(_CAPITALS, b" ")


def rare_signs(seen: Glimpse) -> bytes:
    """Return the signs of addresses and of phone numbers."""
    return seen.text.translate(None, _NO_RARE_SIGNS)


def _long(words: Collection[bytes], least: int) -> list[bytes]:
    """Return the parts of words that have the characters of a token."""
    long = b" ".join([word for word in words if len(word) >= least])
    return [word for word in long.translate(_TOKEN).split() if len(word) >= least]


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII) if isinstance(pattern, str) else pattern


def _encoded(words: str) -> tuple[bytes, ...]:
    return tuple(words.encode().split())


@attrs.frozen
class Rule:
    """One kind of secret.

    A pattern takes linear time on any text: its repetitions are possessive, or have an
    upper bound.
    """

    name: str  #: as in reports; in capitals, it begins the pseudonym
    #: its group ``secret``, or its whole match, is the secret; a str matches ASCII only
    pattern: re.Pattern[str] = attrs.field(converter=_compiled)
    #: each text with such a secret, sieved, holds one; a str has spaces between them
    keywords: tuple[bytes, ...] = attrs.field(default="", converter=_encoded)
    sieve: Sieve | None = None  #: None: the rule is tried on any text
    #: tells whether a match is a secret, and not a false alarm; None: it is
    check: Callable[[str], bool] | None = None
    #: returns the parts of a match that are secrets; None: all of it is one
    parts: Callable[[str], Iterable[tuple[int, int]]] | None = None
    #: tells whether a stretch of a text is a secret, by what is around; None: it is
    suits: Callable[[str, int, int], bool] | None = None
    #: True: the rest of a match may hold another secret; a match has an upper bound
    allows_overlap: bool = False
    #: returns the same for every spelling of a secret; None: there is one spelling
    normalize: Callable[[str], str] | None = None
    sign: str = ""  #: each match holds it, and neither a space nor a line's end

    @property
    def label(self) -> str:
        """Return the beginning of pseudonyms of this kind."""
        return re.sub(r"[^A-Z0-9]+", "_", self.name.upper())


_RULE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def rules_of(patterns: Mapping[str, str] | Path | str | None) -> list[Rule]:
    """Return the rules in a user's patterns.

    Args:
        patterns: Regular expressions by name; or a file of lines ``name=expression``,
            where empty lines and ``#`` comments are ignored. None: none.

    Raises:
        ValueError: A line, a name or an expression is wrong.
        OSError: The file cannot be read.
    """
    if patterns is None:
        return []
    if isinstance(patterns, Mapping):
        return [_rule(name, pattern) for name, pattern in patterns.items()]
    lines = Path(patterns).read_text(encoding="utf-8").splitlines()
    return [_rule(name, pattern) for name, pattern in _members(lines)]


def _members(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, sign, pattern = line.partition("=")
        if not sign:
            message = f"patterns, line {number}: expected name=expression"
            raise ValueError(message)
        yield name.strip(), pattern.strip()


def _rule(name: str, pattern: str) -> Rule:
    if not _RULE_NAME.fullmatch(name):
        message = f"patterns: {name!a} is not a name: use letters, digits, - and _"
        raise ValueError(message)
    try:
        return Rule(name, re.compile(pattern))
    except re.error as error:
        message = f"patterns: {name}: {error}"
        raise ValueError(message) from error
