"""OpenAI's Responses API: streams of events, stored responses, lists of items.

Read on with ``openai_events``, whose converter gives whole items to ``openai_items``,
and ``model_run`` for the ends of runs and their tokens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final, TypeAlias

from replay import ConversionReport
from replay_backends.formats.api_captures.responses.openai_events import Converter
from replay_backends.formats.api_captures.responses.openai_items import (
    ITEM_TYPES,
    PART_TYPES,
)
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import object_in, rest_of, text_in
from replay_backends.formats.recording import Record, Recording, records_in

_Records: TypeAlias = Callable[[ConversionReport], Iterator[Record]]
_MOST: Final = 20  # records in which a stream's id is looked for


class OpenAIResponses:
    """Captures of OpenAI's Responses API, and of services that speak like it."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        if head.layout == "list":
            return _are_items(head.records)
        return _is_document(head.members) or any(
            text_in(each, "type").startswith("response.") or _is_response(each)
            for each in (head.members, *head.records)
        )

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted."""
        head = recording.head
        if head.layout == "list" or _is_document(head.members):
            value = recording.document()
            found = _id_of(value) if _is_response(head.members) else ""
            records: _Records = partial(_records_in, value)
        else:
            records = recording.lines
            first = islice(records(ConversionReport("")), _MOST)
            found = next(filter(None, (_id_in(each.value) for each in first)), "")
        yield Conversion(found or recording.session_id, records, Converter)


def _is_response(value: Mapping[str, Any]) -> bool:
    return value.get("object") == "response" and isinstance(value.get("output"), list)


def _is_document(members: Mapping[str, Any]) -> bool:
    if _is_response(members):
        return True
    match members:
        case {"object": "list", "data": list(items)} | {"input": list(items)}:
            return _are_items([each for each in items if isinstance(each, dict)])
        case _:
            return False


def _are_items(values: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether objects are items, and one of them surely is."""
    is_sure = False
    for each in values:
        kind, content = text_in(each, "type"), each.get("content")
        if kind in ITEM_TYPES:
            is_sure = True
        elif kind not in ("", "message") or not isinstance(each.get("role"), str):
            return False
        elif isinstance(content, list):
            is_sure |= any(
                isinstance(part, dict) and part.get("type") in PART_TYPES
                for part in content
            )
    return is_sure


def _id_in(value: object) -> str:
    """Return the id in a stream's event, or in a stored response."""
    known = value if isinstance(value, dict) else {}
    return _id_of(known if _is_response(known) else object_in(known, "response"))


def _id_of(response: Mapping[str, Any]) -> str:
    conversation = object_in(response, "conversation")
    return text_in(conversation, "id") or text_in(response, "id")


def _records_in(value: Any, _: ConversionReport) -> Iterator[Record]:  # noqa: ANN401 - JSON
    """Yield the records of a document: what was given, the response, its items."""
    if isinstance(value, list):
        yield from records_in(value)
        return
    given = value.get("input")
    if isinstance(given, str):
        yield Record("/input", {"role": "user", "content": given})
    if value.get("instructions") is not None:
        yield Record("/instructions", value["instructions"])
    for key in ("input", "data"):
        yield from records_in(value.get(key), f"/{key}")
    if value.get("object") == "response":
        yield Record("", rest_of(value, "instructions", "input", "output"))
        yield from records_in(value["output"], "/output")
