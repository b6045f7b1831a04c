"""The search for secrets in a text.

A tool's result is often JSON or a URL within a text, in which a character has other
spellings: ``\u0040`` or ``%40``. Word processors use other blanks and hyphens.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

import attrs

from replay_plugins.redact.rules import Outline, Rule


@attrs.frozen
class FoundSecret:
    """A secret stretch of a text."""

    start: int
    end: int
    rule: Rule
    value: str  #: the same for every spelling of the secret


_WIDE: Final = 0xFEE0  # from a letter's code point to that of its wide form
_UNIT: Final = re.compile(
    r"\\{1,8}(?:u(?P<u>[0-9A-Fa-f]{4})|x(?P<x>[0-9A-Fa-f]{2})|(?P<name>[nrt/]))"
    r"|(?<!\\)\\(?:\\\\(?:\\{4})?)?(?P<quote>[\"'])"  # of JSON in JSON, and so on
    r"|%(?:25){0,3}(?P<percent>[0-9A-Fa-f]{2})"
    r"|&\#[xX]0{0,8}(?P<hex>[0-9A-Fa-f]{2,4});|&\#0{0,8}(?P<decimal>[0-9]{2,5});"
    r"|(?P<blank>[\u00a0\u2000-\u200a\u202f\u205f\u3000])"
    r"|(?P<hyphen>[\u2010-\u2015\u2212\ufe58\ufe63\uff0d])"
    r"|(?P<nothing>[\u00ad\u200b-\u200f\u2060-\u2064\ufeff])"
    r"|(?P<wide>[\uff0b\uff0e\uff10-\uff19\uff1a\uff20-\uff3a\uff3f\uff41-\uff5a])"
)
#: The first characters of these; searching for them first takes a tenth of the time.
_BEGIN: Final = re.compile(
    r"[\\%&\u00a0\u2000-\u200f\u202f\u205f\u3000\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
    r"\u00ad\u2060-\u2064\ufeff\uff0b\uff0e\uff10-\uff1a\uff20-\uff3a\uff3f\uff41-\uff5a]"
)
_NAMED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_SIGNS: Final = {"blank": " ", "hyphen": "-", "nothing": ""}
_BASES: Final = {"u": 16, "x": 16, "percent": 16, "hex": 16, "decimal": 10}


class DecodedText:
    """A text with all spellings decoded, and the places of its parts in the text."""

    def __init__(self, text: str) -> None:
        #: for each spelling: start and end in the decoded text, then in the original
        self._units: list[tuple[int, int, int, int]] = []
        pieces: list[str] = []
        at = size = 0
        for match in _spellings(text):
            sign = _sign(match)
            pieces += (text[at : match.start()], sign)
            size += match.start() - at
            at = match.end()
            self._units.append((size, size + len(sign), match.start(), at))
            size += len(sign)
        self.text = "".join([*pieces, text[at:]])

    def place(self, at: int, more: int = 0) -> int:
        """Return a character's start in the text, or its end if *more* is 1."""
        number = bisect_right(self._units, at, key=itemgetter(0))
        if not number:
            return at + more
        _, decoded_end, start, end = self._units[number - 1]
        if at < decoded_end:
            return end if more else start
        return end + at - decoded_end + more

    def placed(self, found: Iterable[FoundSecret]) -> list[FoundSecret]:
        """Return stretches of the decoded text as stretches of the original."""
        return [
            attrs.evolve(
                each, start=self.place(each.start), end=self.place(each.end - 1, 1)
            )
            for each in found
        ]

    def whole(self, found: Iterable[FoundSecret]) -> list[FoundSecret]:
        """Return stretches of the text itself, moved so that they cut no spelling."""
        moved = [
            attrs.evolve(each, start=self._after(each.start), end=self._after(each.end))
            for each in found
        ]
        return [each for each in moved if each.start < each.end]

    def _after(self, at: int) -> int:
        """Return a place in the text, moved to the end of a spelling that it is in."""
        number = bisect_right(self._units, at - 1, key=itemgetter(2))
        return max(at, self._units[number - 1][3]) if number else at


def reads_otherwise(text: str) -> bool:
    """Tell, quickly, whether a text has characters in other spellings."""
    is_plain = text.isascii() and not any(sign in text for sign in ("\\", "%", "&#"))
    return not is_plain and any(True for _ in _spellings(text))


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
    if kind in ("name", "quote"):
        return _NAMED.get(spelling, spelling)
    return chr(ord(spelling) - _WIDE) if kind == "wide" else _SIGNS[kind]


_SHORTEST: Final = 6  # characters of a secret that our rules find


class Finder:
    """A finder of secrets, with a table of rules.

    Args:
        rules: The table. A rule without keywords and outline is tried on every text.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._tries_all = False
        self._groups: dict[Outline | None, list[tuple[int, Rule]]] = {}
        for place, rule in enumerate(rules):
            self._tries_all |= not (rule.keywords or rule.outline)
            self._groups.setdefault(rule.outline, []).append((place, rule))

    def may_hold(self, texts: Iterable[str], again: Iterable[str] = ()) -> bool:
        """Tell, quickly, whether one of many texts may hold a secret.

        They are searched together, which works for our rules, but may not for others.

        Args:
            texts: All of them.
            again: The same, split differently; read only if they may matter.
        """
        if self._tries_all:
            return True
        text = _with_decoded("\n".join(texts))
        rules = self._candidates(text)
        if not rules:
            return False
        text = "\n".join([text, *map(_with_decoded, again)])
        return any(True for rule in rules for _ in _matches(rule, text))

    def find(self, text: str) -> list[FoundSecret]:
        """Return the secrets of a text, in order; they do not overlap."""
        if len(text) < _SHORTEST and not self._tries_all:
            return []
        if not reads_otherwise(text):
            return merged(self._found(text))
        decoded = DecodedText(text)
        in_decoded = decoded.placed(self._found(decoded.text))
        return merged([*in_decoded, *decoded.whole(self._found(text))])

    def _found(self, text: str) -> Iterator[FoundSecret]:
        return (
            found for rule in self._candidates(text) for found in _matches(rule, text)
        )

    def _candidates(self, text: str) -> Iterable[Rule]:
        """Return the rules that may find something, in their order."""
        seen = text.encode("ascii", "replace")
        candidates = {
            place: rule
            for outline, rules in self._groups.items()
            if outline is None or outline.is_in(seen)
            for place, rule in rules
            if _is_any_in(rule.keywords, text)
        }
        return [candidates[place] for place in sorted(candidates)]


def merged(found: Iterable[FoundSecret]) -> list[FoundSecret]:
    """Return stretches in order, with those that overlap merged.

    A merged stretch has the rule of its first part.
    """
    result: list[FoundSecret] = []
    for each in sorted(found, key=lambda one: one.start):
        if result and each.start < result[-1].end:
            if each.end > result[-1].end:
                result[-1] = attrs.evolve(result[-1], end=each.end)
        else:
            result.append(each)
    return result


def shifted(found: Iterable[FoundSecret], by: int, size: int) -> list[FoundSecret]:
    """Return stretches moved by *by* characters, cut off at the ends of a text."""
    moved = [
        (max(each.start + by, 0), min(each.end + by, size), each) for each in found
    ]
    return [
        attrs.evolve(each, start=start, end=end)
        for start, end, each in moved
        if start < end
    ]


def _with_decoded(text: str) -> str:
    """Return a text, followed by its decoded form if that differs."""
    return f"{text}\n{DecodedText(text).text}" if reads_otherwise(text) else text


def _is_any_in(keywords: tuple[str, ...], text: str) -> bool:
    if not keywords:
        return True
    for keyword in keywords:  # noqa: SIM110 - twice as fast as any()
        if keyword in text:
            return True
    return False


def _matches(rule: Rule, text: str) -> Iterator[FoundSecret]:
    group = "secret" if "secret" in rule.pattern.groupindex else 0
    at = 0
    while at <= len(text) and (match := rule.pattern.search(text, at)):
        start, secret = match.start(group), match[group] or ""
        parts = [(0, len(secret))]
        if rule.parts:
            parts = [*rule.parts(secret)]
        elif rule.check and not rule.check(secret):
            parts = []
        for first, last in parts:
            part = secret[first:last]
            value = rule.normalize(part) if rule.normalize else part
            if part:
                yield FoundSecret(start + first, start + last, rule, value)
        end = start + (parts[-1][1] if parts else 0)
        at = max(match.start() + 1, end if rule.allows_overlap else match.end())
