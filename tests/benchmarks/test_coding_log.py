import json
from pathlib import Path

import pytest

import replay
from benchmarks import coding_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    coding_log.write(path, 10 * coding_log.TURN)
    return path


def test_a_log_has_so_many_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for lines in (0, 1, 19, 20, 21, 1_000):
        coding_log.write(path, lines)
        assert path.read_bytes().count(b"\n") == lines


def test_a_log_is_the_same_each_time(log: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    coding_log.write(again, 10 * coding_log.TURN)
    assert again.read_bytes() == log.read_bytes()


def test_a_log_is_read_whole_but_for_state(log: Path) -> None:
    with replay.open(log) as source:
        session, *_ = source  # a sub-agent's may follow
    assert session.format == "claude-code"
    assert session.report
    assert session.report.mapped == 10 * (coding_log.TURN - 6)
    assert not session.report.kept
    assert session.report.skipped["queue-operation.enqueue"] == 10
    assert session.report.skipped["last-prompt"] == 10
    transcript = replay.transcript(session)
    assert not transcript.diagnostics
    assert len({turn.answer for turn in transcript.turns}) == 10
    assert all(turn.status == "complete" for turn in transcript.turns)


def test_each_line_has_an_id_of_its_own_and_follows_another(log: Path) -> None:
    lines = [*map(json.loads, log.read_text("utf-8").splitlines())]
    chained = [each for each in lines if "uuid" in each]
    ids = [each["uuid"] for each in chained]
    assert len({*ids}) == len(ids) == len(lines) - 2 * 10
    parents = [each["parentUuid"] for each in chained]
    assert parents.count(None) == 2  # the session's first, and the sub-agents' first
    assert {*parents} - {None} < {*ids}
