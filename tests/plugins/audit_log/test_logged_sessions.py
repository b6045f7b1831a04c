"""Which sessions of batches a log tells of to their end."""

import tracemalloc
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from audit_logs import opened
from replay import DecodeError
from replay_plugins.audit_log.batch_worker import LoggedSessions
from replay_plugins.audit_log.log.private_files import LogFiles

KEY = "0123456789abcdef" * 2


def log_of(
    path: Path, *records: tuple[str, Mapping[str, object]], **policy: int
) -> LogFiles:
    log = opened(path, **policy)
    for kind, fields in records:
        log.append(kind, fields)
    log.close()
    return LogFiles(path)


def test_a_session_that_ended_is_there_once(tmp_path: Path) -> None:
    files = log_of(tmp_path / "a", ("session_end", {"batch_key": KEY}))
    with closing(LoggedSessions(files)) as logged:
        assert [logged.take(KEY), logged.take(KEY)] == [True, False]
        assert not logged.take(KEY[::-1])


def test_one_that_ended_twice_is_there_twice(tmp_path: Path) -> None:
    end = ("session_end", {"batch_key": KEY})
    with closing(LoggedSessions(log_of(tmp_path / "a", end, end))) as logged:
        assert [logged.take(KEY) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("session_start", {"batch_key": KEY}),
        ("session_end", {"turns": 1}),
        ("session_end", {"id": f'","batch_key":"{KEY}"'}),
        ("message", {"id": f'"kind":"session_end","batch_key":"{KEY}"'}),
    ],
    ids=["begun", "no batch", "an id that looks like it", "content that looks like it"],
)
def test_nothing_else_is_taken_for_its_end(
    tmp_path: Path, kind: str, fields: dict[str, object]
) -> None:
    with closing(LoggedSessions(log_of(tmp_path / "a", (kind, fields)))) as logged:
        assert not logged.take(KEY)


def test_all_files_of_a_log_are_read(tmp_path: Path) -> None:
    ends = [("session_end", {"batch_key": f"{n:032x}"}) for n in range(9)]
    files = log_of(tmp_path / "a", *ends, max_bytes=500)
    assert len(files.parts()) > 1
    with closing(LoggedSessions(files)) as logged:
        assert all(logged.take(str(fields["batch_key"])) for _, fields in ends)


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises((OSError, DecodeError)):
        LoggedSessions(LogFiles(tmp_path))


def test_they_are_not_kept_in_memory(tmp_path: Path) -> None:
    ends = [("session_end", {"batch_key": f"{n:032x}"}) for n in range(2000)]
    files = log_of(tmp_path / "a", *ends, sync=10**9)
    tracemalloc.start()
    try:
        with closing(LoggedSessions(files)):
            assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()
