"""The ways in which Gemini's recordings are laid out, and how each is read.

Read on with ``gemini_sessions``, then ``session_log`` for the CLI's sessions
(``message_list`` tells which messages a log of changes leaves), ``printed_stream`` for
what the CLI prints, and ``api_stream`` for the API (``streamed_call`` joins pieces of
calls). ``gemini_parts`` converts the parts that all of them consist of.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from replay.errors import UnrecognizedError
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import dicts_in, text_in
from replay_backends.formats.recording import Recording

_Kind: TypeAlias = Literal["session", "printed", "api"]

_METHOD: Final = "generateContent"  # of the API, whole or as a stream
_OF_CANDIDATE: Final = ("content", "finishReason", "finish_reason")


class Gemini:
    """Sessions of Gemini's CLI, the stream that it prints, and the API's responses."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        return _kind_of(head) is not None

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted, and each branch if they are separate.

        Raises:
            UnrecognizedError: Nothing in it is Gemini's.
        """
        from replay_backends.formats.agent_logs.gemini import (  # noqa: PLC0415 - slow, seldom needed
            gemini_sessions,
        )

        head = recording.head
        match _kind_of(head):
            case "api":
                return gemini_sessions.in_responses(recording)
            case "printed":
                return gemini_sessions.in_printed_stream(recording)
            case None if head.records or _is_json(head):
                raise UnrecognizedError(where="$", reason="isn't a recording of Gemini")
            case _:
                return gemini_sessions.in_session_log(recording)


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
