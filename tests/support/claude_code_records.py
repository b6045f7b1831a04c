"""Made-up records of Claude Code, and what is read of them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import replay

Record = dict[str, Any]


def lines_of(records: Iterable[object]) -> str:
    """Return records as JSON Lines; a text is a line as it is."""
    return "".join(
        f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in records
    )


def chained(uuid: str, parent: str | None = None, **members: object) -> Record:
    """Return a record of a transcript's tree."""
    return {
        "uuid": uuid,
        "parentUuid": parent,
        "isSidechain": False,
        "sessionId": "s",
        "timestamp": "2026-11-30T10:00:00.000Z",
        "version": "2.1.332",
        **members,
    }


def user(
    uuid: str, content: object, parent: str | None = None, **more: object
) -> Record:
    message = {"role": "user", "content": content}
    return chained(uuid, parent, type="user", message=message, **more)


def assistant(
    uuid: str,
    *blocks: object,
    parent: str | None = None,
    message: Mapping[str, object] | None = None,
    **more: object,
) -> Record:
    """Return a record of a response; *message* holds more members of its message."""
    content = {"role": "assistant", "content": [*blocks], **(message or {})}
    return chained(uuid, parent, type="assistant", message=content, **more)


def text(content: str) -> Record:
    return {"type": "text", "text": content}


def call(call_id: str | None = "c", name: str = "Read", **more: object) -> Record:
    block = {"type": "tool_use", "id": call_id, "name": name, "input": {}, **more}
    return {key: value for key, value in block.items() if value is not None}


def result(uuid: str, call_id: str, content: object = "done", **more: object) -> Record:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content}
    return {**user(uuid, [block]), **more}


def sessions(
    folder: Path, records: Iterable[object], name: str = "log.jsonl", **options: object
) -> list[replay.Session]:
    """Return the sessions in a file of records."""
    path = folder / name
    path.write_text(lines_of(records), "utf-8")
    with replay.open(path, **options) as source:
        return [*source]


def brief(session: replay.Session) -> list[str]:
    """Return each event's type, and the most telling of its fields."""
    return [_brief(each) for each in values(session)]


def values(session: replay.Session) -> list[Any]:
    """Return a session's events as JSON values."""
    return [each.as_object() for each in session.events]


def _brief(event: Mapping[str, Any]) -> str:
    told = ("content", "result", "name", "error", "usage")
    found = next((event[key] for key in told if event.get(key)), None)
    return event["type"] if found is None else f"{event['type']}: {found}"


def imported(session: replay.Session, index: int) -> dict[str, Any]:
    """Return what else the record of an event held."""
    found: dict[str, Any] = values(session)[index].get("imported", {})
    return found


def notes(session: replay.Session) -> list[tuple[str, str, int]]:
    """Return the codes, places and numbers of what the report says."""
    assert session.report
    return [(each.code, each.at, each.count) for each in session.report.notes]


def odd_variants(records: list[Record]) -> Iterator[list[Record]]:
    """Yield the records with something odd in one place of those that have it."""
    places = {place for record in records for place in _places_in(record)}
    for place in sorted(places, key=str):
        for odd in (None, 1 << 70, "x", [None], {"x": 1}):
            yield [_changed(each, place, odd) for each in records]


def _places_in(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Yield the path of each value within a JSON value."""
    found: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else found:
        yield (*above, key)
        yield from _places_in(item, *above, key)


def _changed(record: Record, path: tuple[Any, ...], value: object) -> Record:
    """Return a record with another value at a path, if it has that path."""
    copy: Any = json.loads(json.dumps(record))
    *above, last = path
    within = copy
    with suppress(KeyError, IndexError, TypeError):
        for key in above:
            within = within[key]
        within[last] = value if within[last] != value else None
    found: Record = copy
    return found
