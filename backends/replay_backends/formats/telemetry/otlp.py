"""Spans, as OTLP writes them in JSON."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from replay.authoring import parse_json
from replay.errors import DecodeError
from replay_backends.formats.members import member, rest_of

#: The events that hold the attributes of a span.
DETAILS: Final = "gen_ai.client.inference.operation.details"
_ERROR: Final = (2, "2", "STATUS_CODE_ERROR")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Names as some programs write them.
_OTHER_NAMES: Final = {
    "endTimeUnixNano": "end_time_unix_nano",
    "parentSpanId": "parent_span_id",
    "resourceSpans": "resource_spans",
    "scopeSpans": "scope_spans",
    "spanId": "span_id",
    "startTimeUnixNano": "start_time_unix_nano",
    "traceId": "trace_id",
}
#: The members of a span that are read.
_READ: Final = ("attributes", *_OTHER_NAMES, *_OTHER_NAMES.values())
_SCALARS: Final = tuple(
    f"{kind}{value}"
    for kind in ("string", "bool", "double", "bytes")
    for value in ("Value", "_value")
)


@attrs.frozen(eq=False)
class Span:
    """A span."""

    at: str  #: its place
    value: Mapping[str, Any]  #: as recorded
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]  #: their names and attributes
    trace: str
    id: str
    parent: str  #: empty: it has none
    start: int  #: nanoseconds since 1970; 0: not recorded
    end: int
    #: What recorded it, and where: the ``scope`` and the ``resource``.
    source: Mapping[str, Any]

    @property
    def recorder(self) -> str:
        """Return the name and the version of what recorded it."""
        names = (member(self.source, "scope", key) for key in ("name", "version"))
        return " ".join(each for each in names if isinstance(each, str))

    @property
    def rest(self) -> dict[str, Any]:
        """Return what else is recorded of it, and its source."""
        events = _items(self.value, "events")
        others = [each for each in events if member(each, "name") != DETAILS]
        return {**rest_of(self.value, *_READ), "events": others, **self.source}

    @property
    def error(self) -> str | None:
        """Return why it failed; None: it didn't."""
        if member(self.value, "status", "code") not in _ERROR:
            return None
        found = member(self.value, "status", "message")
        return str(found or self.attributes.get("error.type") or "error")


def spans_in(value: object, at: str) -> Iterator[tuple[str, object, dict[str, Any]]]:
    """Yield each span of a document: its place, itself, and its source."""
    for number, resource in enumerate(_items(value, "resourceSpans")):
        for index, scope in enumerate(_items(resource, "scopeSpans")):
            where = f"{at}/resourceSpans/{number}/scopeSpans/{index}/spans"
            around = {**_around(resource), **_around(scope)}
            for place, span in enumerate(_items(scope, "spans")):
                yield f"{where}/{place}", span, around


def read_span(at: str, value: Mapping[str, Any], source: Mapping[str, Any]) -> Span:
    """Return a span; what it lacks is empty."""
    events = [each for each in _items(value, "events") if isinstance(each, dict)]
    return Span(
        at,
        value,
        _attributes(value),
        tuple((str(each.get("name")), _attributes(each)) for each in events),
        _text(value, "traceId"),
        _text(value, "spanId"),
        _text(value, "parentSpanId"),
        _nanoseconds(value, "startTimeUnixNano"),
        _nanoseconds(value, "endTimeUnixNano"),
        source,
    )


def _around(holder: object) -> dict[str, Any]:
    """Return what stands around the spans of a resource, or of a scope."""
    known = holder if isinstance(holder, dict) else {}
    return rest_of(known, "scopeSpans", "scope_spans", "spans")


def time_text(nanoseconds: int) -> str | None:
    """Return a time as ISO text; None: it isn't recorded, or cannot be.

    >>> time_text(1764500400100000000)
    '2025-11-30T11:00:00.100000+00:00'
    """
    if not nanoseconds:
        return None
    try:
        return (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat()
    except OverflowError:
        return None


def parsed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what a value says, if it is a JSON text, else the value."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value.encode("utf-8", "surrogatepass")).value
    except DecodeError:
        return value


def _attributes(holder: object) -> dict[str, Any]:
    return dict(_pairs(_items(holder, "attributes")))


def _pairs(items: list[Any]) -> Iterator[tuple[str, Any]]:
    for each in items:
        key = member(each, "key")
        if isinstance(key, str):
            yield key, _plain(each.get("value"))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON value that an ``AnyValue`` stands for."""
    match value:
        case {"intValue": number} | {"int_value": number}:
            return _integer(number)
        case {"arrayValue": items} | {"array_value": items}:
            return [_plain(each) for each in _items(items, "values")]
        case {"kvlistValue": items} | {"kvlist_value": items}:
            return dict(_pairs(_items(items, "values")))
        case dict():
            return next((value[key] for key in _SCALARS if key in value), None)
    return None


def _integer(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a number that may be written as a text; others as they are."""
    try:
        return int(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _nanoseconds(value: Mapping[str, Any], key: str) -> int:
    found = _integer(_named(value, key))
    return found if isinstance(found, int) else 0


def _text(value: Mapping[str, Any], key: str) -> str:
    found = _named(value, key)
    return found if isinstance(found, str) else ""


def _items(value: object, key: str) -> list[Any]:
    found = _named(value, key)
    return found if isinstance(found, list) else []


def _named(value: object, key: str) -> object:
    found = member(value, key)
    return member(value, _OTHER_NAMES.get(key, key)) if found is None else found
