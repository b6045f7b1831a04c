"""Recordings in other formats: the examples of the pages, and the samples."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import replay
from shared_data import shared_folder

_FENCE: Final = re.compile(
    r"^```(?P<kind>\w+) (?P<role>in|out)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)
_HEADING: Final = re.compile(r"^#{2,4} (.+)$", re.MULTILINE)


class Example(NamedTuple):
    """An example of a page: a recording, and the events that it gives."""

    name: str  #: its heading
    kind: str  #: of the recording: ``jsonl``, ``json``, ``txt`` or ``yaml``
    text: str
    events: list[dict[str, Any]]


def examples(page: str) -> Iterator[Example]:
    """Yield the examples of a page that have both; none without the shared data."""
    path = shared_folder() / "formats" / f"{page}.md"
    if not path.exists():
        return
    text = path.read_text("utf-8")
    given: re.Match[str] | None = None
    for found in _FENCE.finditer(text):
        if found["role"] == "in":
            given = found
        elif given:
            *_, heading = _HEADING.findall(text[: given.start()])
            yield Example(
                heading, given["kind"], given["text"], json.loads(found["text"])
            )
            given = None


def samples(folder: str) -> list[Path]:
    """Return the sample files in a folder; none without the shared data."""
    return sorted((shared_folder() / "formats" / "samples" / folder).glob("*"))


def converted(path: Path, **options: object) -> list[replay.Session]:
    """Return the sessions of a recording, and check what holds for any.

    Each event is known or foreign, and writing a session and reading it again gives the
    same.
    """
    with replay.open(path, **options) as source:
        sessions = [*source]
    for session in sessions:
        assert session.format, "its format was not recognized"
        assert session.report
        for event in session.events:
            if isinstance(event, replay.UnknownEvent):
                assert event.foreign_type, event.raw
        written = replay.dumps(session)
        assert replay.dumps(replay.loads(written)) == written
    return sessions


def plain(session: replay.Session) -> list[Mapping[str, object]]:
    """Return a session's events as JSON objects, without what is under ``imported``."""
    document = json.loads(replay.dumps(session))
    return [
        {key: value for key, value in event.items() if key != "imported"}
        for event in document["events"]
    ]
