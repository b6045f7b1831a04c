"""Entries of a session's ``events``, as the service would write them."""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Final, TypeAlias

Entries: TypeAlias = list[object]  #: JSON values

_PIECES: Final = (
    *("Revenue ", "rose ", "12% ", "(p. 7). ", "Smørrebrød ", "東京 ", "\U0001f600"),
    *("\n", "\n\n## User input\n", "```\n", " ", "\t", "</script>", "\x1b[31m"),
    *("\u202e", "\u2028", "\x00", "{{ }}", "\ufeff", "e\u0301"),
)


def text(random: Random) -> str:
    """Return a few words, and what might be mistaken for more than words."""
    return "".join(random.choices(_PIECES, k=random.randint(1, 8)))


def event(kind: str, content: object) -> dict[str, object]:
    """Return a user input, or a piece of thinking or text, or the whole of it."""
    return {"type": kind, "content": content}


def deltas(random: Random, kind: str, content: str) -> Entries:
    """Return *content* as deltas, cut anywhere, even inside a surrogate pair."""
    units = content.encode("utf-16-le", "surrogatepass")
    cuts = sorted(random.choices(range(0, len(units) + 1, 2), k=random.randint(0, 5)))
    ends = zip([0, *cuts], [*cuts, len(units)], strict=True)
    return [
        event(f"{kind}_delta", units[start:end].decode("utf-16-le", "surrogatepass"))
        for start, end in ends
    ]


def call(call_id: str, arguments: object = MappingProxyType({})) -> dict[str, object]:
    """Return a tool call."""
    given = dict(arguments) if isinstance(arguments, Mapping) else arguments
    return {"type": "tool_call", "call_id": call_id, "name": "find", "arguments": given}


def result(call_id: str, value: object = "found") -> dict[str, object]:
    """Return a tool result."""
    return {"type": "tool_result", "call_id": call_id, "name": "find", "result": value}


def stop(error: str | None = None, **usage: object) -> dict[str, object]:
    """Return the end of a run; without an error, of one that went well."""
    is_error = error is not None
    return {"type": "stop", "usage": usage, "is_error": is_error, "error": error}
