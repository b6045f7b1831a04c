"""Where the secrets of a text are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from replay_plugins.redact.kinds import Rule
from replay_plugins.redact.outlines import Afar
from replay_plugins.redact.rules import SECRET_KEYS

_SHORTEST: Final = 6  # characters of a secret that a rule of ours finds


@attrs.frozen
class Found:
    """A stretch of a text that is secret."""

    start: int
    end: int
    rule: Rule
    value: str  #: what is the same for every spelling of the secret


class Finder:
    """Finds secrets by a table of rules.

    Args:
        rules: The table. A rule without keywords and without an outline is tried on
            every text.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._tries_all = any(not (each.keywords or each.outline) for each in rules)

    def may_hold(self, text: str) -> bool:
        """Tell, quickly, whether a text may hold a secret."""
        return next(self._candidates(text), None) is not None

    def find(self, text: str) -> list[Found]:
        """Return the secrets of a text, in order; they do not overlap."""
        return merged(
            found for rule in self._candidates(text) for found in _matches(rule, text)
        )

    def _candidates(self, text: str) -> Iterator[Rule]:
        if len(text) < _SHORTEST and not self._tries_all:
            return
        afar = Afar(text)
        for rule in self._rules:
            is_shown = rule.outline is None or afar.shows(rule.outline)
            if is_shown and _is_any_in(rule.keywords, text):
                yield rule


def is_secret_key(key: str) -> bool:
    """Tell whether an object's key says that its value is a secret."""
    return key.casefold().translate({ord("_"): None, ord("-"): None}) in SECRET_KEYS


def merged(found: Iterable[Found]) -> list[Found]:
    """Return stretches in order, those that overlap as one.

    Such a one is named after the rule of its first part.
    """
    result: list[Found] = []
    for each in sorted(found, key=lambda one: one.start):
        if result and each.start < result[-1].end:
            if each.end > result[-1].end:
                result[-1] = attrs.evolve(result[-1], end=each.end)
        else:
            result.append(each)
    return result


def shifted(found: Iterable[Found], by: int, size: int) -> list[Found]:
    """Return stretches moved by so many characters, cut off outside a text.

    Args:
        found: The stretches.
        by: How far; negative: towards the beginning.
        size: How long the text is.
    """
    moved = [
        (max(each.start + by, 0), min(each.end + by, size), each) for each in found
    ]
    return [
        attrs.evolve(each, start=start, end=end)
        for start, end, each in moved
        if start < end
    ]


def _is_any_in(keywords: tuple[str, ...], text: str) -> bool:
    if not keywords:
        return True
    for keyword in keywords:  # noqa: SIM110 - twice as fast as any()
        if keyword in text:
            return True
    return False


def _matches(rule: Rule, text: str) -> Iterator[Found]:
    group = "secret" if "secret" in rule.pattern.groupindex else 0
    at = 0
    while at <= len(text) and (match := rule.pattern.search(text, at)):
        start, secret = match.start(group), match[group] or ""
        parts = [*rule.check(secret)] if rule.check else [(0, len(secret))]
        for first, last in parts:
            part = secret[first:last]
            value = rule.normal(part) if rule.normal else part
            if part:
                yield Found(start + first, start + last, rule, value)
        end = start + (parts[-1][1] if parts else 0)
        at = max(match.start() + 1, end if rule.is_short else match.end())
