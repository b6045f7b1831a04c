"""Proofs of records, and of logs that continue."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from audit_logs import lines_of, opened
from forged_logs import Attack, WrittenLog, edits, rebuilds, replaces, written
from replay import DecodeError
from replay_plugins.audit_log.verify.proofs import (
    ConsistencyProof,
    InclusionProof,
    prove_consistency,
    prove_inclusion,
    read_proof,
    write_proof,
)

PAGE: Final = Path(__file__).resolve().parents[4] / "docs/reference/audit-log.md"


def by_bob(records: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**each, "actor": "bob"} for each in records]


@pytest.fixture
def log(tmp_path: Path) -> WrittenLog:
    return written(tmp_path / "log")


def test_every_record_of_a_closed_log_is_proved(log: WrittenLog) -> None:
    for seq, line in enumerate(lines_of(log.log)):
        proof = read_proof(write_proof(prove_inclusion(log.log, seq)))
        assert isinstance(proof, InclusionProof)
        assert proof.record.encode() == line
        assert proof.is_true()


def test_every_earlier_checkpoint_is_gone_on_from(log: WrittenLog) -> None:
    notes = [json.loads(line).get("note") for line in lines_of(log.log)]
    for note in filter(None, notes):
        proof = prove_consistency(log.log, note)
        assert proof is not None
        read = read_proof(write_proof(proof))
        assert isinstance(read, ConsistencyProof)
        assert read.is_true()


def test_the_page_lists_the_members_of_both_proofs(log: WrittenLog) -> None:
    _, _, proofs = PAGE.read_text(encoding="utf-8").partition("\n## Proofs\n")
    listed = re.findall(r"^\| `(\w+)` \|", proofs.partition("\n## ")[0], re.MULTILINE)
    earlier = json.loads(lines_of(log.log)[10])["note"]
    proof = prove_consistency(log.log, earlier)
    assert proof is not None
    written = [write_proof(each) for each in (prove_inclusion(log.log, 1), proof)]
    assert listed == [name for each in written for name in json.loads(each)]


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: {**proof, "seq": proof["seq"] + 1},
        lambda proof: {**proof, "seq": -1},
        lambda proof: {**proof, "record": proof["record"].replace("Acme", "Evil")},
        lambda proof: {
            **proof,
            "record": proof["record"].replace('"seq":4', '"seq":5'),
        },
        lambda proof: {**proof, "path": proof["path"][1:]},
        lambda proof: {**proof, "path": [*proof["path"], proof["path"][0]]},
        lambda proof: {**proof, "path": ["no base64", *proof["path"][1:]]},
    ],
)
def test_a_changed_proof_is_not_true(
    log: WrittenLog, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    proof = json.loads(write_proof(prove_inclusion(log.log, 4)))
    assert not read_proof(json.dumps(change(proof))).is_true()


@pytest.mark.parametrize("attack", [edits(lambda lines: lines[:12]), rebuilds(by_bob)])
def test_a_log_that_was_cut_rebuilt_or_swapped_does_not_go_on(
    log: WrittenLog, attack: Attack
) -> None:
    other = written(log.folder / "other")
    kept = log.kept.read_text()
    assert prove_consistency(other.log, kept) is None
    attack(log)
    assert prove_consistency(log.log, kept) is None


def test_a_log_without_a_checkpoint_proves_nothing(log: WrittenLog) -> None:
    replaces(b'"note":"chat-replay/', b'"note":"\\n', -1)(log)
    with pytest.raises(DecodeError, match=f"{log.log}: checkpoint: "):
        prove_inclusion(log.log, 0)
    edits(lambda lines: lines[:5])(log)
    with pytest.raises(DecodeError, match="it has no checkpoint"):
        prove_inclusion(log.log, 0)


@pytest.mark.parametrize("seq", [-1, 22, 10**9])
def test_what_no_checkpoint_is_of_has_no_proof(log: WrittenLog, seq: int) -> None:
    with pytest.raises(DecodeError, match="the last checkpoint is of 22 records"):
        prove_inclusion(log.log, seq)


def test_without_the_checkpoint_beside_a_log_its_last_record_has_no_proof(
    log: WrittenLog,
) -> None:
    def nothing(path: Path) -> None:
        path.write_text("nothing")

    for spoil in (nothing, Path.unlink):
        spoil(log.files.checkpoint)
        assert prove_inclusion(log.log, 20).is_true()
        with pytest.raises(DecodeError, match="the last checkpoint is of 21 records"):
            prove_inclusion(log.log, 21)


def test_a_record_that_only_mentions_a_note_is_no_checkpoint(tmp_path: Path) -> None:
    writer = opened(tmp_path / "log")
    writer.append("diagnostic", {"note": "none"})
    writer.close()
    assert prove_inclusion(tmp_path / "log", 1).is_true()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "null", "{" * 100_000, "\x00", r'{"proves":"\ud83d"}'),
        '{"proves":"peace","schema":"chat-replay.audit-proof/1"}',
        '{"proves":"consistency","schema":"chat-replay.audit-proof/2"}',
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="not a proof: "):
        read_proof(text)
