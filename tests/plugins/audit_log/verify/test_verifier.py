"""Logs verified, with what an auditor has beside them."""

import os
from pathlib import Path

import pytest

from audit_logs import opened
from forged_logs import KEYS, NAME, reasons, replaced, written
from replay import DecodeError, ReplayEngine, load_plugin, loads
from replay_plugins.audit_log.verify.verifier import verify, verify_in_steps


@pytest.mark.parametrize("content", ["full", "digest", "committed"])
def test_an_honest_log_may_hold_half_a_character(tmp_path: Path, content: str) -> None:
    events = [
        r'{"type":"user_input","content":"\ud83d"}',
        r'{"type":"text_delta","content":"\ud83d"}',
        r'{"type":"text_delta","content":"\ude00"}',
    ]
    plugin = load_plugin("audit_log", path=tmp_path / "a", content=content, deltas=True)
    with ReplayEngine([plugin]) as engine:
        engine.replay(loads(f"[{','.join(events)}]"))
    assert verify(tmp_path / "a").problems == []


def test_an_honest_log_has_no_problem(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    found = verify(log.log, keys=KEYS, kept=[log.kept], must_be_anchored=True)
    assert found.problems == []
    assert found.is_good
    assert found.records == len(log.log.read_bytes().splitlines())
    assert (found.files, found.first, found.checkpoints) == (1, 0, 3)
    assert found.signed == found.kept == found.records - 1
    assert found.since_checkpoint == 0


@pytest.mark.parametrize("content", ["digest", "committed", "full"])
def test_a_log_of_any_policy_is_verified(tmp_path: Path, content: str) -> None:
    log = written(tmp_path / "log", content)
    assert reasons(log, keys=KEYS) == []


def test_without_a_kept_checkpoint_the_head_is_not_anchored(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    assert reasons(log, keys=KEYS, must_be_anchored=True) == [
        f"anchored: {NAME}: no checkpoint kept elsewhere reaches the end"
    ]


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=NAME):
        verify(tmp_path / NAME)


def test_a_checkpoint_that_is_none_is_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, -1, b'"note":"chat-replay/', b'"note":"\\n')
    log.files.checkpoint.write_text("nothing")
    questions = [each.partition(":")[0] for each in reasons(log, keys=KEYS)]
    assert questions == ["unaltered", "unaltered"]


def test_a_kept_checkpoint_that_is_none_is_an_error(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    log.kept.write_text("nothing")
    with pytest.raises(DecodeError, match=f"{log.kept}: note: "):
        verify(log.log, kept=[log.kept])


def test_every_thousand_records_tell_how_far_it_is(tmp_path: Path) -> None:
    log = opened(tmp_path / NAME, sync="session")
    for _ in range(2500):
        log.append("diagnostic", {})
    log.close()
    steps = [*verify_in_steps(tmp_path / NAME, (), ())]
    assert len(steps) == 3
    assert steps[-1].records == 2502


def test_a_pipe_in_place_of_the_checkpoint_is_told_not_waited_for(
    tmp_path: Path,
) -> None:
    log = written(tmp_path / "log")
    log.files.checkpoint.unlink()
    os.mkfifo(log.files.checkpoint)
    told = f"unaltered: {NAME}.checkpoint: it is no regular file"
    assert reasons(log) == [told]
