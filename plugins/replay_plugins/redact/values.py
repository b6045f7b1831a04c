"""The redaction of JSON values, at any depth, keys too."""

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

import attrs

from replay import ImageAttachment, JobMetadata, SessionSummary
from replay.authoring import EVENT_CLASSES, documented_fields
from replay_plugins.redact.finder import Finder, FoundSecret
from replay_plugins.redact.forms import (
    FIELD,
    VALUE_KEYS,
    is_secret_member,
    may_be_secret_key,
)
from replay_plugins.redact.secret_checks import PSEUDONYM
from replay_plugins.redact.streams import Piece

#: Keys of the service's own objects, without which an event would be a different one.
WIRE_KEYS: Final = {"type", "events"}.union(
    *map(documented_fields, (*EVENT_CLASSES.values(), ImageAttachment, JobMetadata)),
    documented_fields(SessionSummary),
)
#: No card or account number is below the one or above the other.
_LEAST, _LARGEST = 10**11, 10**40


def texts_in(values: Iterable[object]) -> tuple[list[str], bool]:
    """Return every text, key and number in JSON values, except the service's keys.

    Returns:
        The texts, and whether a key among them says that its value is a secret.
    """
    texts: list[str] = []
    keys: set[str] = set()
    left: list[object] = [*values]
    while left:
        value = left.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            keys.update(value)
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
        elif isinstance(value, int | float) and abs(value) >= _LEAST:
            texts.append(digits_of(value))
    keys -= WIRE_KEYS
    return [*texts, *keys], any(map(may_be_secret_key, keys))


def digits_of(number: float) -> str:
    """Return a number as text; empty if it cannot be a secret."""
    if isinstance(number, bool) or not abs(number) < _LARGEST:  # NaN, too
        return ""
    return str(int(number) if number == int(number) else number)


def plain(value: object) -> object:
    """Return a JSON value with plain dicts and lists, as if it had been decoded."""
    if isinstance(value, dict):
        members: dict[str, object] = {}
        for key, member in value.items():  # a comprehension would take twice the stack
            members[key] = plain(member)
        return members
    if isinstance(value, list | tuple):
        items: list[object] = []
        for item in value:  # the same
            items.append(plain(item))  # noqa: PERF401 - see above
        return items
    return value


_DIGITS: Final = 12  # hexadecimal digits of a keyed pseudonym


class Pseudonyms:
    """The pseudonyms of secrets.

    Without a key, they are numbered in the order in which the secrets are found, and
    reveal nothing about them. The secrets are kept in memory only.

    Args:
        key: Makes the same pseudonyms wherever the key is used; None: numbers.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._known: dict[str, str] = {}
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def of(self, found: FoundSecret) -> str:
        """Return a secret's pseudonym."""
        if found.value not in self._known:
            self.adopt(found.value, self._new(found))
        return self._known[found.value]

    def adopt(self, value: str, pseudonym: str) -> None:
        """Use a pseudonym that a secret was given elsewhere."""
        self._known[value] = pseudonym
        self._used.add(pseudonym)

    def _new(self, found: FoundSecret) -> str:
        label = found.rule.label
        if self._key is not None:
            value = found.value.encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, value, sha256).hex()
            return f"<{label}_{digest[:_DIGITS]}>"
        while True:
            number = self._counts[label] = self._counts.get(label, 0) + 1
            if (pseudonym := f"<{label}_{number}>") not in self._used:
                return pseudonym


@attrs.frozen
class Redacted:
    """A replaced stretch of a text: its place, never the secret."""

    session_id: str  #: as it was rewritten; empty: it wasn't in a session
    path: str  #: from the session's root, as rewritten; ``~`` at its end: a key itself
    rule: str  #: the kind of secret
    start: int  #: its place, in characters of the recorded text
    length: int  #: in characters of the recorded text
    pseudonym: str  #: its replacement; empty: that is where the secret began


def _replaced(text: str, entries: Iterable[Redacted]) -> str:
    """Return a text with stretches replaced, which are in order and don't overlap."""
    pieces: list[str] = []
    at = 0
    for each in entries:
        pieces += (text[at : each.start], each.pseudonym)
        at = each.start + each.length
    return "".join([*pieces, text[at:]])


@attrs.define(eq=False)
class ValueRedactor:
    """A replacer of secrets, which lists the replacements in ``entries``.

    Args:
        session_id: The id in the entries.
        keeps_numbers: Replace a secret number with 0, so that it stays a number;
            otherwise it becomes text, its pseudonym.
    """

    _finder: Finder
    _names: Pseudonyms
    _session_id: str
    _keeps_numbers: bool = False
    entries: list[Redacted] = attrs.field(factory=list, init=False)
    has_numbers: bool = attrs.field(default=False, init=False)  #: among the secrets

    def value(self, value: object, path: str) -> object:
        """Return a JSON value with its secrets replaced; the original is unchanged."""
        if isinstance(value, str):
            return self.text(value, path)
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list | tuple):
            items: list[object] = []
            for item in value:  # a comprehension would take twice the stack
                items.append(self.value(item, f"{path}[{len(items)}]"))
            return items
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, path)
        return value

    def text(self, text: str, path: str) -> str:
        """Return a text with its secrets replaced."""
        found = self._finder.find(text)
        if not found:  # the usual case, and a call of cut() would take as long
            return text
        return self.cut(text, [Piece(e.start, e.end, e) for e in found], path)

    def cut(self, text: str, pieces: Sequence[Piece], path: str) -> str:
        """Return a text with pieces of secrets replaced."""
        entries = [self._entry(each, path) for each in pieces]
        self.entries += entries
        return _replaced(text, entries) if entries else text

    def _entry(self, piece: Piece, path: str) -> Redacted:
        name = self._names.of(piece.found)[piece.first : piece.last]
        rule, length = piece.found.rule.name, piece.end - piece.start
        return Redacted(self._session_id, path, rule, piece.start, length, name)

    def _object(
        self, value: Mapping[str, object], path: str, fields: Collection[str] = ()
    ) -> dict[str, object]:
        """Return an object with its secrets replaced.

        Args:
            value: The object.
            path: Its path.
            fields: Keys, in lower case, of members that are secrets.
        """
        result: dict[str, object] = {}
        for key, item in value.items():
            shown = key if key in WIRE_KEYS else self._key(key, path, value, result)
            place = path + step(shown)
            is_field = is_secret_member(key, item) or (
                bool(fields) and key.casefold() in fields
            )
            result[shown] = (self._fields if is_field else self.value)(item, place)
        return result

    def _key(
        self,
        key: str,
        path: str,
        others: Mapping[str, object],
        taken: Mapping[str, object],
    ) -> str:
        """Return the replacement of a key, which no other key has."""
        found = self._finder.find(key)
        if not found:
            return key
        entries = [self._entry(Piece(e.start, e.end, e), path) for e in found]
        number, last = 1, entries[-1]
        while (shown := _replaced(key, entries)) in taken or shown in others:
            number += 1
            entries[-1] = attrs.evolve(last, pseudonym=f"{last.pseudonym}#{number}")
        path = f"{path}{step(shown)}~"
        self.entries += [attrs.evolve(each, path=path) for each in entries]
        return shown

    def _fields(self, value: object, path: str) -> object:
        """Return the replacement of the secret, or secrets, under a key."""
        if isinstance(value, list | tuple):
            items: list[object] = []
            for item in value:  # a comprehension would take twice the stack
                items.append(self._fields(item, f"{path}[{len(items)}]"))
            return items
        if isinstance(value, dict):
            return self._object(value, path, VALUE_KEYS)
        if not isinstance(value, str | int | float):
            return self.value(value, path)
        text = str(value) if isinstance(value, str) else digits_of(value)
        if not text or PSEUDONYM.fullmatch(text):
            return value
        return self._whole(value, FoundSecret(0, len(text), FIELD, text), path)

    def _number(self, number: float, path: str) -> object:
        if abs(number) < _LEAST and not self._finder.has_own_rules:
            return number
        found = self._finder.find(digits_of(number))
        return self._whole(number, found[0], path) if found else number

    def _whole(self, item: str | float, found: FoundSecret, path: str) -> object:
        """Return the replacement of a whole value."""
        text = item if isinstance(item, str) else digits_of(item)
        entry = self._entry(Piece(0, len(text), found), path)
        is_number = not isinstance(item, str)
        self.has_numbers = self.has_numbers or is_number
        is_kept = is_number and self._keeps_numbers
        if is_kept:
            entry = attrs.evolve(entry, pseudonym="0")
        self.entries.append(entry)
        return 0 if is_kept else entry.pseudonym


@lru_cache(maxsize=1024)
def step(key: str) -> str:
    """Return the step of a path to an object's member."""
    return f".{key}" if key.isascii() and key.isidentifier() else f"[{key!a}]"
