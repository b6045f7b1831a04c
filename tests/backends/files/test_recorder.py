"""The recording of a live turn on disk, whatever happens."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import replay
from file_room import room_for
from privileges import public_folder, unprivileged
from replay.errors import BackendError
from replay.model.events import Event, Stop, Text, TextDelta, UserInput
from replay_backends.files.file_access import open_folder
from replay_backends.files.recorder import TurnRecorder, replacing

OPENING = UserInput("Why?")
STOP = Stop(replay.Usage(), is_error=False)
TURN: list[Event] = [TextDelta("It "), TextDelta("rose."), Text("It rose."), STOP]


def record(folder: Path, *events: Event, session_id: str = "ses-1") -> TurnRecorder:
    recorder = TurnRecorder(str(folder), session_id, OPENING)
    for number, event in enumerate(events, 1):
        recorder.add(event, number / 8)
    return recorder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def events_in(folder: Path, session_id: str = "ses-1") -> list[Event]:
    with replay.open(folder) as source:
        return [*source.session(session_id).events]


def test_an_event_is_on_disk_at_once_and_at_the_end_the_file_takes_its_name(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "new" / "folder"
    recorder = record(folder)
    path = folder / "ses-1.jsonl.part"
    assert lines(path) == [{"type": "user_input", "content": "Why?"}]
    for number, event in enumerate(TURN, 1):
        recorder.add(event, None if event == STOP else number / 8)
        assert lines(path)[1:] == [each.as_object() for each in TURN[:number]]
    assert names(folder) == ["ses-1.arrivals", "ses-1.jsonl.part"]
    recorder.publish()
    assert names(folder) == ["ses-1.arrivals", "ses-1.jsonl"]
    assert events_in(folder) == [OPENING, *TURN]
    assert lines(folder / "ses-1.arrivals") == [0.0, 0.125, 0.25, 0.375, None]


@pytest.mark.parametrize("has_descriptors", [True, False])
def test_a_second_turn_is_added_to_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, has_descriptors: bool
) -> None:
    module = "replay_backends.files.file_access"
    monkeypatch.setattr(f"{module}.HAS_DESCRIPTORS", has_descriptors)
    for _ in range(2):
        record(tmp_path, *TURN).publish()
    record(tmp_path).discard()
    assert events_in(tmp_path) == [OPENING, *TURN] * 2
    assert lines(tmp_path / "ses-1.arrivals") == [0.0, 0.125, 0.25, 0.375, 0.5] * 2


def test_while_the_second_turn_is_recorded_the_session_is_there_once(
    tmp_path: Path,
) -> None:
    record(tmp_path, *TURN).publish()
    second = record(tmp_path, TURN[0])
    with replay.open(tmp_path) as source:
        (session,) = source
        assert [*session.events] == [OPENING, *TURN, OPENING, TURN[0]]
        assert not session.diagnostics
    with replay.open(tmp_path, pattern="*.jsonl") as source:
        (session,) = source  # the pattern leaves the recording out
        assert len(session.events) == 5
    second.publish()


def test_any_id_that_a_file_name_can_hold_comes_back(tmp_path: Path) -> None:
    ids = ["../x", "CON", "", ".", "a/b", "ü", "a\nb"]
    for session_id in ids:
        record(tmp_path, *TURN, session_id=session_id).publish()
        assert events_in(tmp_path, session_id) == [OPENING, *TURN]
    with pytest.raises(BackendError, match="too long for a file name"):
        record(tmp_path, session_id="x" * 181)
    assert len(names(tmp_path)) == 2 * len(ids)


@pytest.mark.parametrize("torn", [b"", b'{"type": "te', b"{}", b"\0\0\0"])
def test_what_a_killed_recorder_leaves_is_read_without_its_torn_line(
    tmp_path: Path, torn: bytes
) -> None:
    path = tmp_path / "ses-1.jsonl.part"
    path.write_bytes(b'{"type": "text", "content": "a"}\n' + torn)
    for location in (tmp_path, path):
        with replay.open(location) as source:
            session = source.session("ses-1")
        assert [*session.events] == [Text("a")]
        codes = [each.code for each in session.diagnostics]
        assert codes == (["torn-line"] if torn else [])


def test_all_other_torn_lines_are_kept_as_text(tmp_path: Path) -> None:
    line, torn = b'{"type": "text", "content": "a"}\n', b'{"type": "te'
    kept = replay.UnknownEvent(torn.decode())
    for name in ("ses-1.jsonl", "ses-1.ndjson", "a.jsonl.part"):
        path = tmp_path / name
        path.write_bytes(line + torn if name[0] == "s" else torn + b"\n" + line)
        events = replay.load(path).events
        assert [*events] == ([Text("a"), kept] if name[0] == "s" else [kept, Text("a")])


def test_the_next_recording_goes_on_where_a_killed_one_left_off(tmp_path: Path) -> None:
    record(tmp_path, *TURN).publish()
    (tmp_path / "ses-1.jsonl").rename(tmp_path / "ses-1.jsonl.part")
    with (tmp_path / "ses-1.jsonl.part").open("ab") as file:
        file.write(b'{"type": "te')
    with (tmp_path / "ses-1.arrivals").open("ab") as file:
        file.write(b"1.5\n1.")
    record(tmp_path, *TURN).publish()
    assert events_in(tmp_path) == [OPENING, *TURN] * 2
    assert lines(tmp_path / "ses-1.arrivals") == [0.0, 0.125, 0.25, 0.375, 0.5] * 2


@pytest.mark.parametrize(
    "part", [b"", b'{"type": "te', b'{"type": "text", "content": "b"}\n']
)
def test_what_is_no_continuation_takes_no_files_place(
    tmp_path: Path, part: bytes
) -> None:
    whole = b'{"type": "text", "content": "a"}\n'
    (tmp_path / "ses-1.jsonl").write_bytes(whole)
    (tmp_path / "ses-1.jsonl.part").write_bytes(part)
    with pytest.raises(BackendError, match=r"it doesn't continue ses-1\.jsonl"):
        record(tmp_path)
    assert (tmp_path / "ses-1.jsonl").read_bytes() == whole
    assert (tmp_path / "ses-1.jsonl.part").read_bytes() == part


@pytest.mark.parametrize("known", [[], [0.0, 0.125], [0.0, 0.125, 0.25, 0.375, 0.5]])
def test_arrivals_that_nobody_knows_are_null(
    tmp_path: Path, known: list[float]
) -> None:
    record(tmp_path, *TURN).publish()
    path = tmp_path / "ses-1.arrivals"
    path.unlink()
    if known:
        path.write_text("".join(f"{each}\n" for each in known))
    record(tmp_path).publish()
    assert lines(path) == [*known, *[None] * (5 - len(known)), 0.0]


def test_a_file_without_a_last_line_feed_gets_one(tmp_path: Path) -> None:
    (tmp_path / "ses-1.jsonl").write_bytes(b'{"type": "text", "content": "a"}')
    record(tmp_path).publish()
    assert events_in(tmp_path) == [Text("a"), OPENING]


def test_two_recordings_of_one_session_are_not_made_at_once(tmp_path: Path) -> None:
    first = record(tmp_path, TURN[0])
    other = record(tmp_path, *TURN, session_id="other")
    with pytest.raises(BackendError, match="another recording of this session"):
        record(tmp_path)
    first.publish()
    other.publish()
    assert events_in(tmp_path) == [OPENING, TURN[0]]
    assert events_in(tmp_path, "other") == [OPENING, *TURN]


@pytest.mark.parametrize("count", [0, 1])
def test_a_turn_that_was_refused_leaves_nothing(tmp_path: Path, count: int) -> None:
    for _ in range(count):
        record(tmp_path, *TURN).publish()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    record(tmp_path).discard()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_session_that_is_there_in_another_form_is_left_alone(tmp_path: Path) -> None:
    forms = "ses-1.json ses-1.json.gz ses-1.json.zst ses-1.jsonl.gz ses-1.jsonl.zst"
    others = "ses-1.ndjson ses-1.ndjson.gz ses-1.JSON SES-1.json ses-1.JSONL"
    for name in (*forms.split(), *others.split(), "%73es-1.json", "below/ses-1.json"):
        folder = tmp_path / name.replace("/", "-")
        session_id = "SES-1" if name.startswith("SES") else "ses-1"
        place = folder / name
        place.parent.mkdir(parents=True)
        place.write_bytes(b"[]")
        with pytest.raises(BackendError, match=rf"in {re.escape(name)} already"):
            record(folder, session_id=session_id)
        assert place.read_bytes() == b"[]"
        assert names(folder) == [place.relative_to(folder).parts[0]]


def test_what_is_not_the_session_is_no_matter(tmp_path: Path) -> None:
    for name in ("ses-10.json", "ses-1.txt", "ses-1", ".ses-1.json"):
        (tmp_path / name).write_bytes(b"[]")
    record(tmp_path, *TURN).publish()
    assert (tmp_path / "ses-1.jsonl").exists()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    for data in (b'{"session_id": "a", "events": []}\n', b"oops\n", b""):
        (tmp_path / "ses-1.jsonl").write_bytes(data)
        with pytest.raises(replay.ReplayError):
            record(tmp_path)
        assert (tmp_path / "ses-1.jsonl").read_bytes() == data
        assert names(tmp_path) == ["ses-1.jsonl"]
    with pytest.raises(BackendError):  # a file is not a directory
        record(tmp_path / "ses-1.jsonl")


@pytest.mark.parametrize("kind", ["symlink", "fifo"])
def test_what_is_no_file_is_not_written_to(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    place = folder / "ses-1.jsonl.part"
    if kind == "fifo":
        os.mkfifo(place)
    else:
        (tmp_path / "outside").write_bytes(b"x\n")
        place.symlink_to(tmp_path / "outside")
    with pytest.raises(BackendError):
        record(folder)
    assert kind == "fifo" or (tmp_path / "outside").read_bytes() == b"x\n"


@pytest.mark.parametrize("room", [0, 110, 4000])
def test_an_event_that_there_is_no_room_for_is_not_written_in_part(
    tmp_path: Path, room: int
) -> None:
    recorder = record(tmp_path)
    size = (tmp_path / "ses-1.jsonl.part").stat().st_size
    with room_for(size + room), pytest.raises(BackendError):  # noqa: PT012 - one of them raises
        for _ in range(100):
            recorder.add(TextDelta("x" * 100), 1.0)
    recorder.add(STOP, 2.0)
    recorder.publish()
    first, *middle, last = events_in(tmp_path)
    assert (first, last) == (OPENING, STOP)
    assert set(middle) <= {TextDelta("x" * 100)}


KILLED = """
import sys, replay
from replay_backends.files.recorder import TurnRecorder
recorder = TurnRecorder(sys.argv[1], "ses-1", replay.UserInput("Why?"))
for number in range(10**9):
    recorder.add(replay.TextDelta(f"{number} " + "x" * (number % 3000)), 1.0)
    sys.stdout.buffer.write(b"%d\\n" % number)
    sys.stdout.buffer.flush()
"""


@pytest.mark.parametrize("attempt", range(10))
def test_kill_9_loses_no_event_that_was_acknowledged(
    tmp_path: Path, attempt: int
) -> None:
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        for _ in range(1 + 37 * attempt):
            process.stdout.readline()
        process.kill()
        acknowledged = 1 + 37 * attempt + process.stdout.read().count(b"\n")
    opening, *events = events_in(tmp_path)
    assert opening == OPENING
    assert acknowledged <= len(events) <= acknowledged + 1
    numbers = [int(e.content.split()[0]) for e in events if isinstance(e, TextDelta)]
    assert numbers == [*range(len(events))]
    record(tmp_path, STOP).publish()
    assert events_in(tmp_path) == [opening, *events, OPENING, STOP]


def replace(folder: Path) -> None:
    with open_folder(folder, "it") as opened, replacing(opened, "a") as file:
        file.write(b"new")


def test_a_hidden_file_of_another_writer_and_a_directory_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(BackendError, match="it/a: is a directory"):
        replace(tmp_path)
    assert names(tmp_path) == ["a"]
    monkeypatch.setattr("os.urandom", bytes)
    other = tmp_path / ".chat-replay-0000000000000000.tmp"
    other.write_bytes(b"other")
    with pytest.raises(BackendError, match="it/a: file exists"):
        replace(tmp_path)
    assert other.read_bytes() == b"other"


def test_a_directory_that_cannot_be_written_to_is_named() -> None:
    with public_folder() as folder:
        folder.chmod(0o555)
        with unprivileged(), pytest.raises(BackendError, match="it/a: permission"):
            replace(folder)


def test_a_directory_that_may_hold_the_session_must_be_readable() -> None:
    with public_folder() as folder:
        (folder / "sub").mkdir(mode=0)
        folder.chmod(0o777)
        refused = r"ses-1\.jsonl\.part: the session may be in sub/, which cannot be"
        with unprivileged(), pytest.raises(BackendError, match=refused):
            record(folder)
