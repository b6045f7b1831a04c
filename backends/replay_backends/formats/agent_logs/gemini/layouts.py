"""The ways in which Gemini's recordings are laid out, and how each is read."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from replay import ConversionReport
from replay.authoring import parse_json
from replay.errors import DecodeError, LimitExceededError, UnrecognizedError
from replay_backends.formats.agent_logs.gemini.api_stream import ApiConverter
from replay_backends.formats.agent_logs.gemini.message_list import outline_of
from replay_backends.formats.agent_logs.gemini.printed_stream import (
    PrintedStreamConverter,
)
from replay_backends.formats.agent_logs.gemini.session_log import (
    HEAD,
    SessionLogConverter,
)
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import dicts_in, rest_of, text_in
from replay_backends.formats.recording import Record, Recording

_Kind: TypeAlias = Literal["session", "printed", "api"]

_SCAN: Final = json.JSONDecoder().raw_decode
_BETWEEN: Final = re.compile(r"[\s,]*+")
_METHOD: Final = "generateContent"  # of the API, whole or as a stream
_OF_CANDIDATE: Final = ("content", "finishReason", "finish_reason")


class Gemini:
    """Sessions of Gemini's CLI, the stream that it prints, and the API's responses."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        return _kind_of(head) is not None

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted, and each branch if they are separate."""
        session_id, head = recording.session_id, recording.head
        match _kind_of(head):
            case "api":
                records = partial(_responses, recording)
                yield Conversion(session_id, records, ApiConverter)
            case "printed":
                named = (text_in(each, "session_id") for each in _records(head))
                session_id = next(filter(None, named), session_id)
                yield Conversion(session_id, recording.lines, PrintedStreamConverter)
            case None if head.records or _is_json(head):
                raise UnrecognizedError(where="$", reason="isn't a recording of Gemini")
            case _:
                yield from _session_log(recording)


def _session_log(recording: Recording) -> Iterator[Conversion]:
    is_document = "messages" in recording.head.members
    records = partial(_messages if is_document else _lines, recording)
    branches = recording.options.branches
    outline = outline_of(records(ConversionReport("")), branches)
    session_id, folder = outline.session_id or recording.session_id, recording.folder
    if outline.is_subagent and session_id == folder:
        session_id += f"/{recording.session_id}"
    for branch in ("", *(outline.dead if branches == "separate" else ())):
        branch_id = f"{session_id}~{branch}" if branch else session_id
        converter = partial(SessionLogConverter, outline, branch, folder)
        yield Conversion(branch_id, records, converter)


def _kind_of(head: Head) -> _Kind | None:
    """Return what a recording that begins so is; None: nothing of Gemini's."""
    for record in _records(head):
        if "sessionId" in record and "projectHash" in record:
            return "session"
        if record.get("type") == "init" and "session_id" in record:
            return "printed" if "model" in record else None
        messages = dicts_in(record, "messages")
        if any(each.get("type") == "gemini" and "id" in each for each in messages):
            return "session"
        if _is_of_api(record):
            return "api"
    return None


def _records(head: Head) -> list[dict[str, Any]]:
    return [*head.records] or [head.members]


def _is_json(head: Head) -> bool:
    try:
        json.loads(head.text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_of_api(record: Mapping[str, Any]) -> bool:
    if text_in(record, "method").startswith(_METHOD) and "response" in record:
        return True
    candidates = dicts_in(record, "candidates")
    return any(key in each for each in candidates for key in _OF_CANDIDATE) or any(
        isinstance(each.get("parts"), list) for each in dicts_in(record, "contents")
    )


def _lines(recording: Recording, report: ConversionReport) -> Iterator[Record]:
    return recording.lines(report)


def _responses(recording: Recording, report: ConversionReport) -> Iterator[Record]:
    head = recording.head
    if head.layout == "list":
        yield from _items(recording, report)
    elif head.layout == "object" and "\n" in head.text.rstrip():
        yield Record("/", recording.document())
    else:
        yield from recording.lines(report)


def _messages(recording: Recording, _: ConversionReport) -> Iterator[Record]:
    """Yield the head of a session document, then its messages."""
    document = recording.document()
    messages = document.get("messages")
    is_list = isinstance(messages, list)
    yield Record(HEAD, rest_of(document, "messages") if is_list else document)
    for number, message in enumerate(messages if is_list else ()):
        yield Record(f"/messages/{number}", message)


def _items(recording: Recording, report: ConversionReport) -> Iterator[Record]:
    """Yield the items of a list, whose end may be missing: it is sent in pieces."""
    try:
        items = recording.document()
    except LimitExceededError:
        raise
    except DecodeError:
        yield from _whole_items(recording, report)
        return
    for number, item in enumerate(items):
        yield Record(f"/{number}", item)


def _whole_items(recording: Recording, report: ConversionReport) -> Iterator[Record]:
    with recording.text.opened() as file:
        text = file.read().decode("utf-8", "surrogateescape")
    number, at = 0, text.index("[") + 1
    while (at := _end_of_blanks(text, at)) < len(text):
        try:
            _, end = _SCAN(text, at)
        except ValueError:
            report.note("torn-line", f"/{number}", "changed")
            yield Record(f"/{number}", text[at:])
            return
        item = text[at:end].encode("utf-8", "surrogateescape")
        yield Record(f"/{number}", parse_json(item).value)
        number, at = number + 1, end


def _end_of_blanks(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at
