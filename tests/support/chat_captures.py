"""Made-up captures of chat completions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import foreign
import replay

Event = Mapping[str, Any]


def chunk(
    delta: Mapping[str, object] | None = None,
    finish_reason: str | None = None,
    **members: object,
) -> dict[str, object]:
    """Return a chunk with one choice."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    known = {"id": "c1", "object": "chat.completion.chunk", "choices": [choice]}
    return {**known, **members}


def called(function: Mapping[str, object], **members: object) -> dict[str, object]:
    """Return a delta with one piece of a tool call."""
    return {"tool_calls": [{**members, "function": function}]}


def completion(
    message: Mapping[str, object], finish_reason: str | None = "stop", **members: object
) -> dict[str, object]:
    """Return a completion that wasn't streamed."""
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return {"object": "chat.completion", "choices": [choice], **members}


def read(folder: Path, *records: object, **options: Any) -> replay.Session:  # noqa: ANN401 - of any backend
    """Return the session of a file with one record a line."""
    text = "".join(json.dumps(each) + "\n" for each in records)
    return read_text(folder / "capture.jsonl", text, **options)


def read_document(folder: Path, document: object) -> replay.Session:
    """Return the session of a file that is one JSON value."""
    return read_text(folder / "capture.json", json.dumps(document, indent=1))


def read_text(path: Path, text: str, **options: Any) -> replay.Session:  # noqa: ANN401 - of any backend
    """Return the only session of a file, which is recognized."""
    path.write_text(text, "utf-8")
    (session,) = foreign.converted(path, **options)
    assert session.format == "openai-chat"
    return session


def events(session: replay.Session) -> list[Event]:
    """Return a session's events as JSON objects, with what is under ``imported``."""
    found: list[Event] = json.loads(replay.dumps(session))["events"]
    return found


def imported(event: Event) -> Mapping[str, Any]:
    """Return what else an event's record held."""
    found: Mapping[str, Any] = event.get("imported", {})
    return found


def notes(session: replay.Session) -> list[tuple[str, str]]:
    """Return what was done to the content, and where at first."""
    assert session.report
    return [(each.code, each.at) for each in session.report.notes]


def fates(session: replay.Session) -> tuple[int, dict[str, int], dict[str, int]]:
    """Return how many records were mapped, kept and skipped."""
    report = session.report
    assert report
    return report.mapped, dict(report.kept), dict(report.skipped)
