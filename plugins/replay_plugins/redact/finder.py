"""The search for secrets in a text, in all ways to read it."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Final

import attrs

from replay_plugins.redact.rules import Glimpse, Rule, Sieve
from replay_plugins.redact.spellings import Reading, readings


@attrs.frozen
class FoundSecret:
    """A secret stretch of a text."""

    start: int
    end: int
    rule: Rule
    value: str  #: the same for every spelling of the secret


_SHORTEST: Final = 6  # characters of a secret that our rules find
_DEEPEST: Final = 3  # JSON, in an email, on a coloured terminal
_GLUED: Final = 3  # secrets that each stand right behind the one before
_BLANK: Final = re.compile("[ \n]")
_SHORT: Final = 48  # characters of a key, or of a value that is often the same


class _Group:
    """The rules with one sieve."""

    def __init__(self, sieve: Sieve, rules: Iterable[tuple[int, Rule]]) -> None:
        self._sieve = sieve
        self._rules: dict[tuple[bytes, ...], list[tuple[int, Rule]]] = {}
        for place, rule in rules:
            self._rules.setdefault(rule.keywords, []).append((place, rule))
        keywords = sorted({*chain.from_iterable(self._rules)})
        self._any = re.compile(b"|".join(map(re.escape, keywords)))

    def candidates(self, seen: Glimpse) -> Iterator[tuple[int, Rule]]:
        """Yield the rules that may find something, with their places in the table."""
        left = self._sieve(seen)
        if left and self._any.search(left):
            for keywords, rules in self._rules.items():
                if any(keyword in left for keyword in keywords):
                    yield from rules


class Finder:
    """A finder of secrets, with a table of rules.

    Args:
        rules: The table. A rule without a sieve is tried on every text.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._always: list[tuple[int, Rule]] = []
        groups: dict[Sieve, list[tuple[int, Rule]]] = {}
        for place, rule in enumerate(rules):
            group = groups.setdefault(rule.sieve, []) if rule.sieve else self._always
            group.append((place, rule))
        self._groups = [_Group(sieve, group) for sieve, group in groups.items()]
        #: rules of the user's may take any text, and any number, for a secret
        self.has_own_rules = bool(self._always)
        self._find_in_short = lru_cache(maxsize=2048)(self._find)
        self._with = lru_cache(maxsize=64)(Finder)

    def narrowed(
        self, texts: Iterable[str], again: Iterable[str] = ()
    ) -> "Finder | None":
        """Return a finder that finds the same in many texts, and takes less time.

        They are searched together, which works for our rules, but may not for others.

        Args:
            texts: All of them.
            again: The same, split differently; read only if they may matter.

        Returns:
            The finder; None: the texts hold no secret.
        """
        if self._always:
            return self
        read = [*_read("\n".join(texts))]
        words = "\n".join(text for text, is_repeated in read if not is_repeated)
        rules = self._candidates(words)
        if not rules:
            return None
        holds_secret = any(
            True
            for text, _ in chain(read, chain.from_iterable(map(_read, again)))
            for rule in rules
            for _ in _matches(rule, text)
        )
        return self._with(tuple(rules)) if holds_secret else None

    def find(self, text: str) -> tuple[FoundSecret, ...]:
        """Return the secrets of a text, in order; they do not overlap."""
        if len(text) < _SHORTEST and not self._always:
            return ()
        return (self._find_in_short if len(text) <= _SHORT else self._find)(text)

    def _find(self, text: str) -> tuple[FoundSecret, ...]:
        """Return the secrets of a text, also those that only others stand beside."""
        found = merged(self._found(text))
        for _ in range(_GLUED if found else 0):
            more = self._found(_without(found, text))
            if not more:
                break
            found = merged([*found, *more])
        return tuple(found)

    def _found(self, text: str, depth: int = _DEEPEST) -> list[FoundSecret]:
        found = [
            each for rule in self._candidates(text) for each in _matches(rule, text)
        ]
        read: list[FoundSecret] = []
        for reading in readings(text) if depth else ():
            read += _placed(self._found(reading.text, depth - 1), reading)
            if reading.is_certain:
                found = _whole(found, reading)
        return read + found

    def _candidates(self, text: str) -> list[Rule]:
        """Return the rules that may find something, in their order."""
        seen = Glimpse(text.encode("ascii", "replace"))
        found = chain(*(each.candidates(seen) for each in self._groups))
        return [rule for _, rule in sorted([*self._always, *found], key=itemgetter(0))]


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


def _without(found: Iterable[FoundSecret], text: str) -> str:
    """Return a text with its secrets hidden, in which all else stays in its place."""
    pieces: list[str] = []
    at = 0
    for each in found:
        hidden = f"<{'X' * (each.end - each.start)}"[: each.end - each.start - 1]
        pieces += (text[at : each.start], hidden, ">")
        at = each.end
    return "".join([*pieces, text[at:]])


def _placed(found: Iterable[FoundSecret], reading: Reading) -> list[FoundSecret]:
    """Return stretches of a reading as stretches of the original."""
    place = reading.place
    return [
        attrs.evolve(each, start=place(each.start), end=place(each.end - 1, 1))
        for each in found
    ]


def _whole(found: Iterable[FoundSecret], reading: Reading) -> list[FoundSecret]:
    """Return stretches of a text, moved so that they cut no spelling."""
    after = reading.after
    moved = [
        attrs.evolve(each, start=after(each.start), end=after(each.end))
        for each in found
    ]
    return [each for each in moved if each.start < each.end]


def _read(text: str, depth: int = _DEEPEST) -> Iterator[tuple[str, bool]]:
    """Yield a text and its readings, each with whether another one has all its words.

    Args:
        text: The text.
        depth: How often a reading is read again.
    """
    read = [*readings(text)] if depth else []
    yield text, bool(read) and read[0].keeps_ascii
    for each in read:
        yield from _read(each.text, depth - 1)


def _matches(rule: Rule, text: str) -> Iterator[FoundSecret]:
    for start, end in _places(rule.sign, text) if rule.sign else [(0, len(text))]:
        yield from _matches_in(rule, text, start, end)


def _places(sign: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield the places between blanks that hold a sign, without looking elsewhere."""
    at = 0
    while (found := text.find(sign, at)) >= 0:
        start = max(text.rfind(" ", at, found), text.rfind("\n", at, found), at - 1) + 1
        blank = _BLANK.search(text, found)
        at = blank.start() if blank else len(text)
        yield start, at


def _matches_in(rule: Rule, text: str, at: int, limit: int) -> Iterator[FoundSecret]:
    group = "secret" if "secret" in rule.pattern.groupindex else 0
    while at <= limit and (match := rule.pattern.search(text, at, limit)):
        start, secret = match.start(group), match[group] or ""
        parts = [(0, len(secret))]
        if rule.parts:
            parts = [*rule.parts(secret)]
        elif rule.check and not rule.check(secret):
            parts = []
        for first, last in parts:
            part = secret[first:last]
            value = rule.normalize(part) if rule.normalize else part
            if part and _suits(rule, text, start + first, start + last):
                yield FoundSecret(start + first, start + last, rule, value)
        end = start + (parts[-1][1] if parts else 0)
        at = max(match.start() + 1, end if rule.allows_overlap else match.end())


def _suits(rule: Rule, text: str, start: int, end: int) -> bool:
    return rule.suits is None or rule.suits(text, start, end)
