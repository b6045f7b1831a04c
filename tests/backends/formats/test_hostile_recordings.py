"""Recordings of other formats with something hostile in each place.

Whatever a field holds, a recording is read or refused with one of replay's own errors,
each record is counted, and nothing unsafe reaches a terminal.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

import replay
from example_recordings import ABSENT, Example, examples, some
from foreign_bytes import sessions_in
from replay.errors import ReplayError
from replay_command import Run
from shared_data import shared_folder

EACH: Final = pytest.mark.parametrize(
    "example", examples(), ids=lambda each: each.format
)
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT|\d{10}")
#: It clears the screen, deletes, colours, and changes a title and the direction.
UNSAFE: Final = "\x1b]0;owned\x07\x1b[2J\r\b\x9b31m\u202e\u2066 end"
OVERRIDES: Final = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
#: What says what a record is; without it, a format would rightly see nothing.
NAMES_OF_KINDS: Final = frozenset(
    ("type", "role", "object", "source", "subtype", "schema_version", "event")
)


def nested(depth: int, *, in_objects: bool) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"content": value} if in_objects else [value]
    return value


#: No field is all of these.
WRONG: Final[tuple[object, ...]] = (
    *(ABSENT, None, True, False, 0, -1, 1.5, 1e308, 1 << 70, 10**400),
    *("", "x", "a\0b", "\ud800", "1e400", '{"a":', "[1]", '{"a": NaN}'),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *([], [None], ["a", 1, {}], [[[]]], [{"type": "text", "text": 3}]),
    *({}, {"a": 1}, {"type": {}}, {"type": "text", "text": None, "id": []}),
    *(nested(150, in_objects=True), nested(150, in_objects=False)),
    "long " * 20_000,
)


def read(data: bytes, example: Example) -> str:
    """Read a recording as commands do; return what they would print."""
    try:
        sessions = sessions_in(data, example.format, example.name)
    except ReplayError as error:
        return f"{error}\n{error.hint}"
    return "\n".join(map(shown, sessions))


def shown(session: replay.Session) -> str:
    """Return what is printed of a session, after checking what holds for any."""
    report = session.report
    assert report
    kept, skipped = report.kept.total(), report.skipped.total()
    assert report.as_object()["records"] == report.mapped + kept + skipped
    written = replay.dumps(session)
    assert replay.dumps(replay.loads(written)) == written
    assert len([*session.arrivals()]) == len(session.events)
    transcript = replay.transcript(session)
    return replay.render(transcript) + replay.render(transcript, "markdown")


def assert_safe(text: str) -> None:
    """Check that a text holds nothing that a terminal takes for a command."""
    categories = {unicodedata.category(each) for each in text if each not in "\n\t"}
    assert not categories & {"Cc", "Cs"}
    assert not OVERRIDES & {*text}


def torture() -> list[str]:
    """Return strings that break programs."""
    path = shared_folder() / "torture" / "blns.json"
    if not path.exists():
        pytest.skip(f"{path} is missing")
    found: list[str] = json.loads(path.read_bytes())
    return found


def disordered(records: list[object]) -> Iterator[list[object]]:
    """Yield records, of which some are missing, repeated or in another place."""
    for at in range(len(records)):
        yield records[:at] + records[at + 1 :]
        yield records[: at + 1] + records[at:]
        yield records[at:] + records[:at]
        yield records[:at]
    yield records[::-1]
    yield records * 3


@EACH
def test_whatever_a_field_holds_a_recording_is_read_or_refused(
    example: Example,
) -> None:
    for place, wrong in zip(some(example.places()), cycle(WRONG), strict=False):
        assert_safe(read(example.with_value(place, wrong), example))


@pytest.mark.slow
@EACH
def test_each_field_may_hold_many_wrong_values(example: Example) -> None:
    for number, place in enumerate(example.places()):
        for wrong in WRONG[number % 2 :: 2]:
            assert_safe(read(example.with_value(place, wrong), example))


@EACH
@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1e300, -(10**400)],
)
def test_a_time_outside_the_calendar_is_none(example: Example, time: object) -> None:
    for place in example.places():
        value = example.value(place)
        is_number = isinstance(value, int) and value > 1_000_000_000
        if is_number or (isinstance(value, str) and TIME.match(value)):
            assert_safe(read(example.with_value(place, time), example))


@EACH
def test_records_may_be_missing_repeated_or_in_another_place(example: Example) -> None:
    if len(example.records) > 1:
        for records in disordered(example.records):
            read(example.write(records), example)
    lists = [p for p in example.places() if isinstance(example.value(p), list)]
    for place in lists[:12]:
        items = example.value(place)
        for others in (items * 2, items[::-1], items[1:]):
            read(example.with_value(place, others), example)


@pytest.mark.slow
@EACH
def test_a_reference_may_point_anywhere_also_in_a_circle(example: Example) -> None:
    texts = [*example.texts()]
    counts = Counter(str(example.value(each)) for each in texts)
    ids = [text for text, count in counts.items() if count > 1 and " " not in text]
    for place in texts:
        if place[-1] not in NAMES_OF_KINDS and example.value(place) in ids:
            for other in ids:
                assert_safe(read(example.with_value(place, other), example))


@EACH
def test_a_string_that_breaks_programs_does_no_harm_in_a_field(
    example: Example,
) -> None:
    for place, text in zip(some(example.texts()), cycle(torture()), strict=False):
        assert_safe(read(example.with_value(place, text), example))


@pytest.mark.slow
@EACH
def test_no_string_that_breaks_programs_does_harm_in_any_field(
    example: Example,
) -> None:
    texts = torture()
    for number, place in enumerate(example.texts()):
        for text in texts[number % 16 :: 16]:
            assert_safe(read(example.with_value(place, text), example))


@EACH
def test_what_a_terminal_obeys_is_printed_from_no_field(example: Example) -> None:
    for place in some(example.texts()):
        data = example.with_value(place, f"{example.value(place)}{UNSAFE}")
        assert_safe(read(data, example))


@EACH
def test_no_command_prints_what_a_terminal_obeys(
    example: Example, run: Run, tmp_path: Path
) -> None:
    hostile = example
    for place in example.texts():
        if place[-1] not in NAMES_OF_KINDS:
            unsafe = f"{example.value(place)}{UNSAFE}"
            hostile = hostile.changed(place, unsafe)
    path = tmp_path / example.name
    path.write_bytes(hostile.write(hostile.records))
    location = f"{example.format}:{path}"
    for command in ("ls", "check", "transcript", "transcript --all"):
        done = run(*command.split(), location)
        assert done.returncode in {0, 1}, done.stderr
        assert done.stdout
        assert_safe(done.stdout + done.stderr)
    assert "end" in done.stdout


@EACH
def test_a_recording_cut_anywhere_is_read_or_refused(example: Example) -> None:
    data = example.write(example.records)
    for size in range(0, len(data), len(data) // 50):
        assert_safe(read(data[:size], example))


@pytest.mark.slow
@EACH
def test_a_recording_cut_after_each_byte_is_read_or_refused(example: Example) -> None:
    data = example.write(example.records)
    for size in range(len(data)):
        assert_safe(read(data[:size], example))


@pytest.mark.slow
@EACH
def test_a_byte_may_be_broken_in_many_places(example: Example) -> None:
    data = example.write(example.records)
    for at in range(0, len(data), 3):
        broken = b"\0" if at % 2 else bytes([data[at] ^ 0x20])
        assert_safe(read(data[:at] + broken + data[at + 1 :], example))
