"""A call whose arguments arrive in pieces, each with its path in them."""

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.gemini.gemini_parts import in_camel_case
from replay_backends.formats.members import dicts_in, rest_of

_STEP: Final = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>\d{1,6})\]|\['(?P<quoted>[^']*)'\]"""
    r"""|\["(?P<double>[^"]*)"\]"""
)
_MOST_STEPS: Final = 100
_VALUES: Final = ("stringValue", "numberValue", "boolValue", "nullValue")


@attrs.define
class StreamedCall:
    """A call that isn't complete yet."""

    call: dict[str, Any]  #: its first piece
    imported: dict[str, object]
    _pieces: list[dict[str, Any]] = attrs.field(factory=list)

    def add(self, call: Mapping[str, Any]) -> None:
        """Take in the next piece of it."""
        self._pieces += map(in_camel_case, dicts_in(call, "partialArgs"))

    def whole(self) -> dict[str, Any]:
        """Return the call with its arguments, or with the pieces if they don't fit."""
        first = rest_of(self.call, "partialArgs", "willContinue")
        if not self._pieces:
            return first
        given = first.get("args")
        arguments = dict(given) if isinstance(given, dict) else {}
        for path, value in self._values().items():
            steps = _steps(path)
            if not steps or not _put(arguments, steps, value):
                return {**first, "args": self._pieces}
        return {**first, "args": arguments}

    def _values(self) -> dict[str, object]:
        """Return the values by their paths; pieces of a string are joined."""
        texts: dict[str, list[str]] = {}
        values: dict[str, object] = {}
        for piece in self._pieces:
            path = str(piece.get("jsonPath"))
            kind = next((key for key in _VALUES if key in piece), None)
            value = piece[kind] if kind and kind != "nullValue" else None
            values[path] = value
            if isinstance(value, str):
                texts.setdefault(path, []).append(value)
        return values | {path: "".join(text) for path, text in texts.items()}


def _steps(path: str) -> list[str | int] | None:
    """Return the keys and indexes of a path such as ``$.a[0]``; None: it isn't one."""
    at, steps = 1, list[str | int]()
    while path.startswith("$") and at < len(path) and len(steps) < _MOST_STEPS:
        found = _STEP.match(path, at)
        if not found:
            return None
        given = found[found.lastgroup or 0]
        steps.append(int(given) if found.lastgroup == "index" else given)
        at = found.end()
    return steps if at == len(path) else None


def _put(into: Any, steps: list[str | int], value: object) -> bool:  # noqa: ANN401 - JSON
    """Put a value at a place; return False if what is there doesn't fit."""
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(into, list) and isinstance(step, int) and step <= len(into):
            if step == len(into):
                into.append(None)
        elif isinstance(into, dict) and isinstance(step, str):
            into.setdefault(step, None)
        else:
            return False
        if following is None:
            into[step] = value
        elif into[step] is None:
            into[step] = [] if isinstance(following, int) else {}
        into = into[step]
    return True
