"""Recordings of the Vercel AI SDK: a stream of chunks, or stored UI messages."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from replay import ConversionReport
from replay.errors import DecodeError
from replay_backends.formats.conversion import Conversion, Converter
from replay_backends.formats.head import Head
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Record, Recording, records_in

if TYPE_CHECKING:
    from replay_backends.formats.event_builder import EventBuilder

#: Chunks that no other format has.
_CHUNKS: Final = re.compile(
    r"(?:start|finish|reset)-step|(?:text|reasoning)-(?:start|delta|end)"
    r"|tool-(?:input|output|approval)-\w+|message-metadata|source-(?:url|document)"
)
_START: Final = frozenset({"type", "messageId", "messageMetadata"})
#: AI SDK 4: a letter or a digit that tells the kind, and a JSON value.
_DATA_STREAM: Final = re.compile(r'(?:0:"|f:\{"messageId"|[29]:[\[{]|[ed]:\{"finish)')


class VercelUI:
    """Streams of UI messages, protocol version 1, and stored UI messages."""

    prefix: ClassVar = "vercel-ui-stream"

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is one of the SDK's."""
        return _unsupported(head) is not None or _is_stream(head) or _are_messages(head)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its only session is converted.

        Raises:
            DecodeError: It is of AI SDK 4, or isn't whole.
        """
        from replay_backends.formats.api_captures.vercel_ui.ui_messages import (  # noqa: PLC0415 - slow, seldom needed
            MessagesConverter,
        )
        from replay_backends.formats.api_captures.vercel_ui.ui_stream import (  # noqa: PLC0415 - slow, seldom needed
            StreamConverter,
        )

        head, session_id = recording.head, recording.session_id
        if unsupported := _unsupported(head):
            hint = "record it with AI SDK 5 or later"
            reason = f"{unsupported} of AI SDK 4 can't be read"
            source = recording.text.source
            raise DecodeError(where="$", reason=reason, source=source, hint=hint)
        if head.layout != "list" and "messages" not in head.members:
            starts = (text_in(each, "messageId") for each in _objects(head))
            session_id = next(filter(None, starts), session_id)
            yield Conversion(session_id, recording.lines, StreamConverter)
            return
        document = recording.document()
        known = document if isinstance(document, dict) else {}
        title = text_in(known, "title") or None
        converter: Callable[[EventBuilder], Converter] = StreamConverter
        if not _is_stream(head):
            converter = partial(MessagesConverter, title=title)
        records = partial(_records_of, recording)
        yield Conversion(text_in(known, "id") or session_id, records, converter)


def _records_of(recording: Recording, _: ConversionReport) -> Iterator[Record]:
    document, at = recording.document(), ""
    if isinstance(document, dict):
        document, at = document.get("messages"), "/messages"
    return records_in(document, at)


def _objects(head: Head) -> Sequence[Mapping[str, Any]]:
    return head.records or [head.members]


def _is_stream(head: Head) -> bool:
    objects = _objects(head)
    if any(_CHUNKS.fullmatch(text_in(each, "type")) for each in objects):
        return True
    first = objects[0]
    is_start = first.get("type") == "start" and first.keys() <= _START
    return is_start or (first.get("type") == "error" and "errorText" in first)


def _stored(head: Head) -> Sequence[Any]:
    """Return what may be stored messages."""
    if head.layout == "list":
        return head.records
    found = head.members.get("messages")
    return found if isinstance(found, list) else ()


def _are_messages(head: Head) -> bool:
    return any(_is_message(each) for each in _stored(head))


def _is_message(value: object) -> bool:
    match value:
        case {"role": "user" | "assistant" | "system", "parts": [*parts]}:
            return any(_is_part(part) for part in parts)
    return False


def _is_part(part: object) -> bool:
    match part:
        case {"type": "text" | "reasoning", "text": str()}:
            return True
        case {"type": "step-start"} | {"type": "file", "url": str()}:
            return True
        case {"type": str(kind), "toolCallId": str(), "state": str()}:
            return kind == "dynamic-tool" or kind.startswith("tool-")
    return False


def _unsupported(head: Head) -> str | None:
    """Return what this is of the SDK's version 4; None: it is nothing of it."""
    if head.layout == "other" and _DATA_STREAM.match(head.text):
        return "the data stream protocol"
    for each in _stored(head):
        match each:
            case {"parts": [*_]}:
                pass
            case {"role": str(), "toolInvocations": [_, *_]}:
                return "messages with toolInvocations"
    return None
