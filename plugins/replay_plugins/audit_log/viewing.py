"""Records as people look at them: filtered, and each in a few words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import attrs

from replay_plugins.audit_log.facts import SESSION_ID, TOOL_NAME

_HEAD: Final = {
    *("schema", "seq", "prev", "time", "kind", "actor", "monotonic_ns", "log"),
    *(SESSION_ID, "event", "turn", "session.digest", "note"),
}
_MOST_CHARACTERS: Final = 100  # of a value


@attrs.frozen(kw_only=True)
class Filter:
    """Which records are wanted; an empty filter wants all."""

    session: str | None = None
    tool: str | None = None
    kinds: tuple[str, ...] = ()
    since: str | None = None  #: as records write their time; this one is wanted too
    until: str | None = None  #: as records write their time; this one is not wanted

    def wants(self, record: dict[str, object]) -> bool:
        """Tell whether a record is wanted."""
        time = str(record.get("time"))
        return (
            self.session in (None, record.get(SESSION_ID))
            and self.tool in (None, record.get(TOOL_NAME))
            and (not self.kinds or record.get("kind") in self.kinds)
            and (self.since is None or time >= self.since)
            and (self.until is None or time < self.until)
        )


def moment(text: str) -> str:
    """Return a time as records write it.

    Args:
        text: A date, or a date and time in ISO 8601; without an offset, UTC is meant.

    Raises:
        ValueError: It is none.
    """
    found = datetime.fromisoformat(text)
    try:
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError as error:  # an offset leads out of the calendar
        raise ValueError(str(error)) from error
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def record_of(line: bytes) -> dict[str, object]:
    """Return the record that a line holds; where it holds none, one that says so."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"kind": "?", "what": "no record"}


def row_of(record: dict[str, object]) -> list[str]:
    """Return a record as a row: number, time, kind, session, event, what happened."""
    head = ("seq", "time", "kind", SESSION_ID, "event")
    return [*(_text(record.get(name, "")) for name in head), " ".join(_what(record))]


def _what(record: dict[str, object]) -> Iterator[str]:
    for name, value in record.items():
        if name not in _HEAD:
            yield f"{name.rpartition('.')[2]}={_shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, dict) and "length" in value:
        if value.keys() == {"length", "commitment"}:
            return f"[{value['length']} characters, committed]"
        if value.keys() == {"length", "hmac_sha256"}:
            return f"[{value['length']} characters, digest only]"
    text = _text(value)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
