"""Conversion of recordings: each record counted once, large ones as small ones."""

import json
import sys
from functools import partial
from pathlib import Path
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

import replay
from cut_recordings import cut_sessions, sessions_of
from diaries import DIARY, NOTES, notes, said
from replay.security.files import memory_only
from replay_backends.files import byte_streams, session_file
from replay_backends.formats import conversion
from replay_backends.formats.recognition import format_called

_BROKEN = b'{"note": 1, "by": "user", "te'


def converted(path: Path, data: bytes, **options: object) -> replay.Session:
    path.write_bytes(data)
    return replay.load(path, format=DIARY, **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.jsonl"


def test_what_the_events_cannot_say_is_kept_beside_them(path: Path) -> None:
    session = converted(path, NOTES)
    assert json.loads(replay.dumps(session)) == {
        "session_id": "mine",
        "last_updated_at": "2026-11-30T09:00:04.000000",
        "events": [
            {
                "type": "user_input",
                "content": "When is the boiler serviced?",
                "imported": {"note": 2, "timestamp": "2026-11-30T09:00:01Z"},
            },
            {
                "type": "text",
                "content": "Every March.",
                "imported": {
                    "note": 3,
                    "mood": "sure",
                    "timestamp": "2026-11-30T09:00:04Z",
                },
            },
            {
                "type": "Diary/note",
                "record": {"note": 4, "by": "weather", "text": "rain"},
            },
            {
                "type": "stop",
                "usage": {"turns": 1},
                "is_error": False,
                "error": None,
            },
        ],
    }
    assert session.arrivals() == [0.0, 3.0, None, None]
    assert replay.transcript(session).diagnostics == ()


def test_the_report_counts_each_record_once(path: Path) -> None:
    session = converted(path, NOTES + _BROKEN)
    assert session.report
    assert session.report.as_object() == {
        "format": "Diary",
        "direction": "import",
        "version": "",
        "session_id": "mine",
        "records": 6,
        "mapped": 3,
        "kept": {"note": 2},
        "skipped": {"clock": 1},
        "items": [{"code": "torn-line", "at": "line:6", "what": "changed", "count": 1}],
        "lossless": False,
    }
    assert str(session.report) == (
        "Diary: 6 records: 3 mapped, 2 kept, 1 skipped; torn-line (1)"
    )


def test_bookkeeping_is_kept_if_that_is_asked_for(path: Path) -> None:
    session = converted(path, NOTES, keep="all")
    assert session.report
    assert (session.report.records, session.report.skipped) == (5, {})
    assert session.report.kept == {"clock": 1, "note": 1}
    assert session.report.as_object()["lossless"]
    with pytest.raises(replay.BackendError, match="'keep': must be 'all', or left out"):
        converted(path, NOTES, keep="some")


@given(
    st.lists(
        st.one_of(
            st.builds(said, st.sampled_from(["user", "agent", "x"]), st.text()),
            st.just({"by": "agent", "done": True}),
            st.just({"by": "clock"}),
        )
    )
)
def test_a_large_recording_is_converted_as_a_small_one(
    values: list[dict[str, object]],
) -> None:
    data, form = notes({"by": "x"}, *values), format_called(DIARY)
    (small,) = sessions_of(data, "Diary", form)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "KEPT_IN_MEMORY", 0)
        (large,) = sessions_of(data, "Diary", form)
        assert replay.dumps(large) == replay.dumps(small)
        assert [*large.events] == [*small.events]
    assert large.report
    assert large.report.records == 1 + len(values)


_MANY = b"[[], [], [], [], []]"


@pytest.mark.parametrize(
    "lines",
    [
        b'{"type": "user", "uuid": "a", "sessionId": "s", "message": {"content": "Hi"}}'
        b'\n{"type": "assistant", "uuid": "b", "parentUuid": "a", "sessionId": "s", '
        b'"message": {"id": "m", "content": %b}}\n' % _MANY,
        b'{"role": "user", "content": "Hi"}\n{"role": "assistant", "content": %b}\n'
        % _MANY,
    ],
)
def test_a_record_of_very_many_events_is_refused_with_the_option(
    path: Path, lines: bytes
) -> None:
    path.write_bytes(lines)
    reason = "line:2: more than 4 events in one record.*raise Limits.record_events="
    with pytest.raises(replay.LimitExceededError, match=reason):
        replay.load(path, limits=replay.Limits(record_events=4))
    session = replay.load(path, limits=replay.Limits(record_events=5))
    assert len(session.events) == 6


def test_many_large_recordings_need_few_temporary_files(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "KEPT_IN_MEMORY", 0)
    monkeypatch.setattr(session_file, "_SPOOLS", 2)
    monkeypatch.setattr(session_file, "_spools", WeakSet())
    data = notes(*[said("agent", "word " * 2000)] * 12)
    path.write_bytes(data)
    held = [replay.load(path, format=DIARY) for _ in range(4)]
    assert len({replay.dumps(each) for each in held}) == 1
    path.write_bytes(data[:-3000])
    for session in held[:2]:
        assert replay.dumps(session)
    for session in held[2:]:
        with pytest.raises(replay.BackendError, match="changed since it was first"):
            replay.dumps(session)


@pytest.fixture
def large() -> bytes:
    return notes(*(said("agent", "word " * 20_000) for _ in range(90)))


def test_a_large_recording_is_converted_once(path: Path, large: bytes) -> None:
    session = converted(path, large)
    written = replay.dumps(session)
    path.write_bytes(large[:-3000])
    assert replay.dumps(session) == written


def test_what_may_not_be_on_disk_is_converted_again_each_time(
    path: Path, large: bytes
) -> None:
    written = replay.dumps(converted(path, large))
    with memory_only():
        session = converted(path, large)
        assert replay.dumps(session) == written
        path.write_bytes(large[:-3000])
        with pytest.raises(replay.BackendError, match="changed since it was first"):
            replay.dumps(session)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no full disk")
@pytest.mark.parametrize("module", [conversion, byte_streams])
def test_if_the_disk_is_full_a_large_recording_is_converted_again(
    path: Path, large: bytes, module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = replay.dumps(converted(path, large))
    full = partial(open, "/dev/full", "r+b", buffering=0)
    monkeypatch.setattr(module, "temporary_file", lambda *_: full())
    assert replay.dumps(converted(path, large)) == written
    assert replay.dumps(converted(path, NOTES))


def test_a_growing_file_is_read_as_far_as_it_goes(path: Path) -> None:
    whole = [*converted(path, NOTES).events]
    for end, session in enumerate(cut_sessions(NOTES, "Diary", format_called(DIARY))):
        events = [*session.events]
        assert session.report
        if session.report.notes:
            (note,) = session.report.notes
            assert note.code == "torn-line"
            assert isinstance(events.pop(), replay.UnknownEvent)
        assert events == whole[: len(events)]
        assert session.report.records >= NOTES[:end].count(b"\n")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"by": "agent", "text": NaN}\n', "line 1, .*NaN"),
        (b"{}\n" + b'{"by": ' + b"[" * 100_000 + b"\n", "line 2.*nested"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_line(
    path: Path, data: bytes, reason: str
) -> None:
    with pytest.raises(replay.DecodeError, match=reason):
        converted(path, data)


def test_a_line_past_the_limit_is_refused_with_the_option(path: Path) -> None:
    limits = replay.Limits(event_bytes=1000)
    with pytest.raises(replay.LimitExceededError, match=r"line 2.*raise Limits"):
        converted(path, b"\n" + notes(said("user", "a" * 1000)), limits=limits)


def test_records_that_are_glued_or_stand_beside_nulls_are_read(path: Path) -> None:
    user, agent = notes(said("user", "a")), notes(said("agent", "b"))
    glued = converted(path, user.rstrip() + agent)
    assert [each.type for each in glued.events] == ["user_input", "text"]
    session = converted(path, user + b"\0\0\0\0\n" + agent)
    assert [each.type for each in session.events] == [
        *("user_input", "unknown_event", "text")
    ]
    assert session.report
    assert [each.code for each in session.report.notes] == ["bad-line"]


def test_a_batch_gets_the_sessions_of_each_file(path: Path) -> None:
    path.write_bytes(NOTES)
    (path.parent / "other.jsonl").write_bytes(notes(said("user", "a")))
    (path.parent / "torn.json.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with replay.open(path.parent, format=DIARY) as source:
        stored = [
            each for portion in source.portions() for each in source.stored(portion)
        ]
        *whole, torn = stored
        assert [each.read() for each in whole] == [
            source.session(each.name) for each in whole
        ]
        assert len({each.digest for each in stored}) == 3
        with pytest.raises(replay.DecodeError):
            torn.read()
