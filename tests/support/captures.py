"""Captures of model APIs that a test writes, read as sessions."""

import functools
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import foreign
import replay
from replay.authoring import SourceText
from replay.errors import ReplayError
from replay_backends.files.event_stream import as_lines, is_event_stream
from replay_backends.formats.conversion import ConvertedText
from replay_backends.formats.head import Head
from replay_backends.formats.recognition import Format
from replay_backends.formats.recording import ImportOptions, Recording
from shared_data import shared_folder

Event = Mapping[str, Any]  # Any: its fields are of many kinds


def read(
    folder: Path, content: object, name: str = "a.json", **options: object
) -> replay.Session:
    """Return the only session of a capture.

    Args:
        folder: Where to write it.
        content: Its text or bytes, or its JSON value; a list of records is written as
            JSON Lines if *name* says so.
        name: What to call it.
        options: For opening it.
    """
    path = folder / name
    if isinstance(content, list) and name.endswith("l"):
        content = "".join(json.dumps(each) + "\n" for each in content)
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (session,) = foreign.converted(path, **options)
    return session


def stream(folder: Path, *records: object, **options: object) -> replay.Session:
    """Return the session of a stream's records."""
    return read(folder, [*records], "a.jsonl", **options)


def imported(session: replay.Session, index: int = 0) -> Mapping[str, Any]:
    """Return what an event holds of its record besides its fields."""
    document = json.loads(replay.dumps(session))
    found: Mapping[str, Any] = document["events"][index].get("imported", {})
    return found


def notes(session: replay.Session) -> dict[str, int]:
    """Return the codes of what was done to the content, and how often."""
    assert session.report
    return {each.code: each.count for each in session.report.notes}


def fates(session: replay.Session) -> tuple[int, dict[str, int], dict[str, int]]:
    """Return how many records were mapped, and which were kept and skipped."""
    assert session.report
    report = session.report
    return report.mapped, dict(report.kept), dict(report.skipped)


def messages(session: replay.Session) -> list[replay.Message]:
    """Return a session's messages, each once."""
    items = replay.coalesce(session.events)
    return [each for each in items if isinstance(each, replay.Message)]


def corpus_events(name: str) -> list[Event] | None:
    """Return the events of the corpus's session of a name; None: it holds none."""
    path = shared_folder() / "corpus" / "sessions" / f"{name}.json"
    if not path.exists():
        return None
    events: list[Event] = json.loads(path.read_text("utf-8"))["events"]
    return events


def known(session: replay.Session) -> list[Event]:
    """Return a session's events as JSON objects, without foreign ones."""
    return [each for each in foreign.plain(session) if "/" not in str(each["type"])]


def check_beginnings(path: Path, kind: Format, step: int = 1) -> None:
    """Check that a stream which breaks off gives a beginning of its events.

    At its end may stand what tells that it broke off: a stop, and pieces of lines and
    of blocks.
    """
    data = path.read_bytes()
    events = foreign.plain(_converted(data, kind))
    for end in range(0, len(data), step):
        found = foreign.plain(_converted(data[:end], kind))
        same = itertools.takewhile(lambda two: two[0] == two[1], zip(found, events))  # noqa: B905 - the one is shorter
        for event in found[len([*same]) :]:
            assert str(event["type"]).rpartition("/")[2] in (
                "stop",
                "line",
                "incomplete-block",
                "incomplete-item",
                "usage",
            ), end


def check_torn(content: object, kind: Format) -> None:
    """Check that a document which breaks off is a session or one clear error."""
    data = json.dumps(content).encode()
    for end in range(1, len(data)):
        with suppress(ReplayError):
            _converted(data[:end], kind)


def check_damaged(records: Sequence[object], kind: Format) -> None:
    """Check that any member may be anything, and no record of a stream is lost."""
    anything: tuple[object, ...] = (None, 5, "x", [], {}, [{"a": 1}])
    places = (
        (n, *each) for n, record in enumerate(records) for each in _places(record)
    )
    for (*outer, last), value in itertools.product(places, anything):
        damaged = json.loads(json.dumps(records))
        functools.reduce(lambda at, key: at[key], outer, damaged)[last] = value
        text = "".join(json.dumps(each) + "\n" for each in damaged)
        report = _converted(text.encode(), kind).report
        assert report
        assert report.records == len(records)


def _places(value: object) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value within a value."""
    items: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (key,)
        for place in _places(item):
            yield (key, *place)


def data_of(path: Path) -> list[dict[str, Any]]:
    """Return the data of a stream's events, or the records on its lines."""
    lines = path.read_text("utf-8").split("\n")
    data = [line.removeprefix("data:") for line in lines]
    return [json.loads(each) for each in data if each.lstrip().startswith("{")]


def _converted(data: bytes, kind: Format) -> replay.Session:
    """Return the session in a recording of a format, without a file."""
    file = io.BytesIO(data)
    if is_event_stream(file):
        data = as_lines(file, 1 << 20).read()
    text = SourceText(functools.partial(io.BytesIO, data), "part")
    head = Head(data, is_whole=True)
    recording = Recording(text, head, "part", replay.Limits(), ImportOptions())
    (conversion,) = kind.conversions(recording)
    converted = ConvertedText("capture", conversion, "part")
    return converted.session(strict=False, limits=replay.Limits())


def sum_of(counts: Iterable[object]) -> int:
    """Return the sum of what are counts."""
    return sum(each for each in counts if isinstance(each, int))
