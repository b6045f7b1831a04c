"""The sessions in a recording of Gemini, and how each is converted."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from replay import ConversionReport
from replay.authoring import parse_json
from replay.errors import DecodeError, LimitExceededError
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
from replay_backends.formats.members import left_of, text_in
from replay_backends.formats.recording import Record, Recording, records_in

_SCAN: Final = json.JSONDecoder().raw_decode
_BETWEEN: Final = re.compile(r"[\s,]*+")


def in_responses(recording: Recording) -> Iterator[Conversion]:
    """Yield how the API's responses are converted."""
    records = partial(_responses, recording)
    yield Conversion(recording.session_id, records, ApiConverter)


def in_printed_stream(recording: Recording) -> Iterator[Conversion]:
    """Yield how the session of a printed stream is converted."""
    head = recording.head
    firsts = [*head.records] or [head.members]
    named = (text_in(each, "session_id") for each in firsts)
    session_id = next(filter(None, named), recording.session_id)
    yield Conversion(session_id, recording.lines, PrintedStreamConverter)


def in_session_log(recording: Recording) -> Iterator[Conversion]:
    """Yield how a log's session is converted, and each branch if separate."""
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
    yield Record(HEAD, left_of(document, messages=list))
    yield from records_in(document.get("messages"), "/messages")


def _items(recording: Recording, report: ConversionReport) -> Iterator[Record]:
    """Yield the items of a list, whose end may be missing: it is sent in pieces."""
    try:
        items = recording.document()
    except LimitExceededError:
        raise
    except DecodeError:
        yield from _whole_items(recording, report)
        return
    yield from records_in(items)


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
