"""Where the secrets of a text are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from replay_plugins.redact.found import Found
from replay_plugins.redact.kinds import Rule
from replay_plugins.redact.outlines import Afar, Outline
from replay_plugins.redact.readings import Reading, reads_otherwise

_SHORTEST: Final = 6  # characters of a secret that a rule of ours finds


class Finder:
    """Finds secrets by a table of rules.

    Args:
        rules: The table. A rule without keywords and without an outline is tried on
            every text.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._tries_all = any(not (each.keywords or each.outline) for each in rules)
        self._places = {id(rule): place for place, rule in enumerate(rules)}
        self._groups: dict[Outline | None, list[Rule]] = {}
        for rule in rules:
            self._groups.setdefault(rule.outline, []).append(rule)

    def may_hold(self, texts: Iterable[str], again: Iterable[str] = ()) -> bool:
        """Tell, quickly, whether one of many texts may hold a secret.

        They are searched together, which none of our rules minds; others may.

        Args:
            texts: The texts.
            again: The same, parted otherwise; looked at where they may matter.
        """
        if self._tries_all:
            return True
        text = _as_read("\n".join(texts))
        rules = [*self._candidates(text)]
        if not rules:
            return False
        text = "\n".join([text, *map(_as_read, again)])
        return any(True for rule in rules for _ in _matches(rule, text))

    def find(self, text: str) -> list[Found]:
        """Return the secrets of a text, in order; they do not overlap."""
        if len(text) < _SHORTEST and not self._tries_all:
            return []
        if not reads_otherwise(text):
            return merged(self._found(text))
        reading = Reading(text)
        as_read = reading.placed(self._found(reading.text))
        return merged([*as_read, *reading.whole(self._found(text))])

    def _found(self, text: str) -> Iterator[Found]:
        rules = [*self._candidates(text)]
        rules.sort(key=lambda rule: self._places[id(rule)])
        return (found for rule in rules for found in _matches(rule, text))

    def _candidates(self, text: str) -> Iterator[Rule]:
        afar = Afar(text)
        for outline, rules in self._groups.items():
            if outline is None or afar.shows(outline):
                for rule in rules:
                    if _is_any_in(rule.keywords, text):
                        yield rule


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


def _as_read(text: str) -> str:
    """Return a text, and what it reads as where that is something else."""
    return f"{text}\n{Reading(text).text}" if reads_otherwise(text) else text


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
