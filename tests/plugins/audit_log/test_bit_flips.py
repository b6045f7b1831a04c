"""Each single bit of a log, its checkpoint and its openings, flipped and verified."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forged_logs import KEYS, SIGNER, WrittenLog
from replay import ReplayEngine, Session, UserInput
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.verify.verifier import verify


@pytest.fixture
def log(tmp_path: Path) -> WrittenLog:
    """Return a signed log of three sessions with removable content."""
    key = tmp_path / "key"
    key.write_text(SIGNER.private_text())
    log = WrittenLog(tmp_path, "committed")
    plugin = AuditLog(log.log, content="committed", key=key, actor="ann")
    with ReplayEngine([plugin]) as engine:
        for number in range(3):
            engine.replay(Session(f"s{number}", events=[UserInput("Pay 4200 euros.")]))
    return log


def unnoticed(log: WrittenLog, step: int) -> Iterator[tuple[str, int]]:
    """Yield the bits, of every *step*-th one, whose flipping verification misses."""
    for path in (log.log, log.files.checkpoint, log.files.openings):
        whole = path.read_bytes()
        for bit in range(0, 8 * len(whole), step):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            if verify(log.log, keys=KEYS).is_good:
                yield path.name, bit
        path.write_bytes(whole)


def test_every_509th_bit_that_is_flipped_is_found(log: WrittenLog) -> None:
    assert verify(log.log, keys=KEYS).is_good
    assert [*unnoticed(log, 509)] == []


def test_each_bit_of_the_last_byte_of_a_file_that_is_flipped_is_found(
    log: WrittenLog,
) -> None:
    for path in (log.log, log.files.checkpoint, log.files.openings):
        whole = path.read_bytes()
        for bit in range(8):
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1 << bit]))
            assert not verify(log.log, keys=KEYS).is_good
        path.write_bytes(whole)


@pytest.mark.slow
def test_every_single_bit_that_is_flipped_is_found(log: WrittenLog) -> None:
    assert [*unnoticed(log, 1)] == []
