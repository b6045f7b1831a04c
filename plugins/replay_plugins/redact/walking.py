"""A JSON value with its secrets replaced, at any depth, keys too."""

from collections.abc import Mapping, Sequence

import attrs

from replay_plugins.redact.finding import Finder
from replay_plugins.redact.found import Found
from replay_plugins.redact.gathering import WIRE_KEYS, digits_of
from replay_plugins.redact.pieces import Piece
from replay_plugins.redact.pseudonyms import Pseudonyms
from replay_plugins.redact.replacing import Redacted, Stretch, replaced
from replay_plugins.redact.secret_keys import FIELD, PSEUDONYM, is_secret_key


@attrs.define(eq=False)
class Walker:
    """Replaces secrets, and keeps account of it in ``entries``.

    Args:
        finder: Finds them.
        names: Gives their pseudonyms.
        session_id: What the entries say.
        keeps_numbers: Put 0 for a secret number, so that a number stays one; else it
            becomes a text, its pseudonym.
    """

    _finder: Finder
    _names: Pseudonyms
    _session_id: str
    _keeps_numbers: bool = False
    entries: list[Redacted] = attrs.field(factory=list, init=False)
    has_numbers: bool = attrs.field(default=False, init=False)  #: among the secrets

    def value(self, value: object, path: str) -> object:
        """Return a JSON value with its secrets replaced; what was given stays.

        Args:
            value: Any JSON value.
            path: Where it stands.
        """
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
        return self.cut(text, [Piece(e.start, e.end, e) for e in found], path)

    def cut(self, text: str, pieces: Sequence[Piece], path: str) -> str:
        """Return a text with pieces of secrets replaced."""
        if not pieces:
            return text
        stretches = [
            Stretch(
                each.start,
                each.end,
                each.found.rule.name,
                self._names.of(each.found)[each.first : each.last],
            )
            for each in pieces
        ]
        self._note(stretches, path)
        return replaced(text, stretches)

    def _note(self, stretches: Sequence[Stretch], path: str) -> None:
        for each in stretches:
            length = each.end - each.start
            self.entries.append(
                Redacted(
                    self._session_id,
                    path,
                    each.rule,
                    each.start,
                    length,
                    each.pseudonym,
                )
            )

    def _object(self, value: Mapping[str, object], path: str) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, item in value.items():
            shown = self._key(key, path, value, result)
            place = path + step(shown)
            is_field = is_secret_key(key)
            result[shown] = (self._fields if is_field else self.value)(item, place)
        return result

    def _fields(self, value: object, path: str) -> object:
        """Return what takes the place of what a key says is secret, or some secrets."""
        if isinstance(value, list | tuple):
            items: list[object] = []
            for item in value:  # a comprehension would take twice the stack
                items.append(self._fields(item, f"{path}[{len(items)}]"))
            return items
        if isinstance(value, str | int | float):
            return self._field(value, path)
        return self.value(value, path)

    def _key(
        self,
        key: str,
        path: str,
        others: Mapping[str, object],
        taken: Mapping[str, object],
    ) -> str:
        """Return what takes the place of a key: a name that no other key has."""
        found = [] if key in WIRE_KEYS else self._finder.find(key)
        if not found:
            return key
        stretches = [
            Stretch(each.start, each.end, each.rule.name, self._names.of(each))
            for each in found
        ]
        number, last = 1, stretches[-1]
        while (shown := replaced(key, stretches)) in taken or shown in others:
            number += 1
            name = f"{last.pseudonym}#{number}"
            stretches[-1] = attrs.evolve(last, pseudonym=name)
        self._note(stretches, f"{path}{step(shown)}~")
        return shown

    def _field(self, item: str | float, path: str) -> object:
        text = str(item) if isinstance(item, str) else digits_of(item)
        if not text or PSEUDONYM.fullmatch(text):
            return item
        found = Found(0, len(text), FIELD, text)
        return self._whole(item, found, path)

    def _number(self, number: float, path: str) -> object:
        text = digits_of(number)
        found = self._finder.find(text)
        return self._whole(number, found[0], path) if found else number

    def _whole(self, item: str | float, found: Found, path: str) -> object:
        """Return what takes the place of all of a value."""
        if isinstance(item, str):
            return self.cut(item, [Piece(0, len(item), found)], path)
        self.has_numbers = True
        name = "0" if self._keeps_numbers else self._names.of(found)
        length = len(digits_of(item))
        self._note([Stretch(0, length, found.rule.name, name)], path)
        return 0 if self._keeps_numbers else name


def step(key: str) -> str:
    """Return the step of a path to an object's member."""
    return f".{key}" if key.isascii() and key.isidentifier() else f"[{key!a}]"
