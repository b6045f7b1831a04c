"""The sessions of a batch, appended to the log: each once."""

import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest

import replay
from audit_batches import OF_A_BATCH, batch, results_of, without
from audit_command import audit
from audit_logs import Record, kinds_of, lines_of, records_of
from forking import exit_code_of, forked
from replay import AuditError, BatchResult, ReplayEngine, Session, Text, UserInput
from replay.testing import odd_histories
from replay.testing.batch_contract import merge_results
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.log.content import ContentPolicy
from replay_plugins.audit_log.verify.verifier import verify
from replay_plugins.redact import Redact

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SESSIONS = [
    Session(f"s{n}", events=[UserInput(f"{n}?"), Text("So.")]) for n in range(4)
]


def plain(
    path: Path, sessions: Sequence[Session], *before: object, **options: bool
) -> None:
    with ReplayEngine([*before, AuditLog(path, **options)]) as engine:  # type: ignore[arg-type]  # any option
        for session in sessions:
            engine.replay(session)


def ends(path: Path) -> list[str]:
    """Return the batch keys of all sessions that a log tells of to their end."""
    records = records_of(path)
    return [r["batch_key"] for r in records if r["kind"] == "session_end"]


def odd_sessions() -> list[Session]:
    shown = [replay.load(EXAMPLES / f"{n}.json") for n in ("two_turns", "error_stop")]
    halves = Session("\ud83d" + "\ude00", events=[UserInput("\ud83d"), Text("\ude00")])
    large = Session("large", events=[UserInput("x"), Text("x", recorded=LARGE)])
    return [*shown, halves, large, *odd_histories(longest=200)]


LARGE = {"type": "text", "content": "x", "at": [10**4000, 1e22, -0.0]}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("deltas", [True, False])
@pytest.mark.parametrize("content", ["full", "digest", "redacted"])
def test_a_batch_records_what_a_plain_replay_records(
    tmp_path: Path,
    workers: int,
    deltas: bool,  # noqa: FBT001 - parametrized
    content: ContentPolicy,
) -> None:
    if content == "redacted" and deltas:
        return
    (tmp_path / "a.salt").write_bytes(b"s" * 32)
    shutil.copy(tmp_path / "a.salt", tmp_path / "b.salt")
    options = {"content": content, "deltas": deltas, "sync": "session"}
    sessions = odd_sessions()
    plain(tmp_path / "a", sessions, **options)  # type: ignore[arg-type]  # any option
    batch(tmp_path / "b", sessions, workers, **options)
    one, other = records_of(tmp_path / "a"), records_of(tmp_path / "b")
    assert without(other, OF_A_BATCH) == without(one, OF_A_BATCH)


def test_what_is_redacted_before_is_redacted_in_the_log(tmp_path: Path) -> None:
    sessions = [Session("s", events=[UserInput("Ask jo@example.org")])]
    plain(tmp_path / "a", sessions, Redact(), content="full")  # type: ignore[arg-type]  # any option
    leader = AuditLog(tmp_path / "b", content="full")
    given = results_of(tmp_path / "b", sessions, 1, [Redact()], content="full")
    merge_results(leader, given)
    one, other = records_of(tmp_path / "a"), records_of(tmp_path / "b")
    assert without(other, OF_A_BATCH) == without(one, OF_A_BATCH)
    assert "example.org" not in (tmp_path / "b").read_text() + repr(given)


def test_a_session_bears_the_key_of_its_result_where_it_begins_and_ends(
    tmp_path: Path,
) -> None:
    batch(tmp_path / "a", SESSIONS)
    keyed = [
        (r["kind"], r["batch_key"])
        for r in records_of(tmp_path / "a")
        if "batch_key" in r
    ]
    assert keyed == [
        (kind, f"{number:032x}")
        for number in range(4)
        for kind in ("session_start", "session_end")
    ]


def test_the_same_batch_again_records_nothing_more(tmp_path: Path) -> None:
    batch(tmp_path / "a", SESSIONS)
    before = ends(tmp_path / "a")
    batch(tmp_path / "a", SESSIONS)
    assert ends(tmp_path / "a") == before
    assert kinds_of(tmp_path / "a")[-2:] == ["log_opened", "checkpoint"]


def test_what_has_changed_is_recorded_anew(tmp_path: Path) -> None:
    batch(tmp_path / "a", SESSIONS)
    leader = AuditLog(tmp_path / "a")
    results = results_of(tmp_path / "a", SESSIONS)
    results[2] = attrs.evolve(results[2], key="ff")
    merge_results(leader, results)
    assert Counter(ends(tmp_path / "a"))["ff"] == 1
    assert len(ends(tmp_path / "a")) == 5


def test_two_sessions_that_are_the_same_are_recorded_twice(tmp_path: Path) -> None:
    leader = AuditLog(tmp_path / "a")
    (result,) = results_of(tmp_path / "a", SESSIONS[:1])
    merge_results(leader, [result, result])
    assert len(ends(tmp_path / "a")) == 2
    merge_results(AuditLog(tmp_path / "a"), [result, result, result])
    assert len(ends(tmp_path / "a")) == 3


def test_a_session_that_no_plugin_was_shown_leaves_no_record(tmp_path: Path) -> None:
    leader = AuditLog(tmp_path / "a", content="full")
    merge_results(leader, [BatchResult("00", "s", [""])])
    assert kinds_of(tmp_path / "a") == ["log_opened", "checkpoint"]


def test_a_session_that_was_half_written_is_written_again_in_full(
    tmp_path: Path,
) -> None:
    batch(tmp_path / "a", SESSIONS)
    lines = lines_of(tmp_path / "a")
    last = max(
        n for n, kind in enumerate(kinds_of(tmp_path / "a")) if kind == "session_end"
    )
    (tmp_path / "a").write_bytes(b"".join(line + b"\n" for line in lines[:last]))
    (tmp_path / "a.checkpoint").unlink()
    batch(tmp_path / "a", SESSIONS)
    kinds = kinds_of(tmp_path / "a")
    assert (kinds.count("session_start"), kinds.count("session_end")) == (5, 4)
    assert len(set(ends(tmp_path / "a"))) == 4


def test_digests_of_another_salt_are_refused(tmp_path: Path) -> None:
    AuditLog(tmp_path / "a").replay_close()
    results = results_of(tmp_path / "a", SESSIONS)
    leader = AuditLog(tmp_path / "b")
    with pytest.raises(AuditError, match="made with another salt"):
        merge_results(leader, results)
    assert "session_start" not in kinds_of(tmp_path / "b")


def test_the_log_of_a_batch_verifies_and_its_records_can_be_proved(
    tmp_path: Path,
) -> None:
    signer = Signer.generate("auditor")
    (tmp_path / "key").write_text(signer.private_text())
    (tmp_path / "pub").write_text(f"{signer.verifier()}\n")
    path = tmp_path / "a"
    batch(path, SESSIONS, key=str(tmp_path / "key"), max_bytes=4000)
    assert not verify(
        path, keys=[signer.verifier()], kept=[tmp_path / "a.checkpoint"]
    ).problems
    kinds = kinds_of(path)
    number = kinds.index("user_input")
    proof = audit("prove", path, number)
    assert proof.returncode == 0
    (tmp_path / "proof").write_text(proof.stdout)
    assert (
        audit("check-proof", tmp_path / "proof", "--key", tmp_path / "pub").returncode
        == 0
    )


# Kills


class Told:
    """Results that tell a pipe of each one before it is merged."""

    def __init__(self, results: Sequence[BatchResult], pipe: int) -> None:
        self.results, self.pipe = results, pipe

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[BatchResult]:
        for result in self.results:
            os.write(self.pipe, b".")
            yield result


def killed(path: Path, results: Sequence[BatchResult], after: int) -> bool:
    """Have a child merge results; kill it when it has begun with so many.

    Returns:
        Whether it was still at work.
    """
    reader, writer = os.pipe()
    child = forked(lambda: merge_results(AuditLog(path), Told(results, writer)))
    os.close(writer)
    begun = 0
    while begun < after and (more := os.read(reader, 1)):
        begun += len(more)
    os.kill(child, signal.SIGKILL)
    os.close(reader)
    return exit_code_of(child) == -signal.SIGKILL


def sessions_in(path: Path) -> dict[str, list[Record]]:
    """Return the records of each session that a log tells of to its end, by its key."""
    found: dict[str, list[Record]] = {}
    records: list[Record] = []
    for record in records_of(path):
        records = [] if record["kind"] == "session_start" else records
        records.append(record)
        if record["kind"] == "session_end":
            assert record["batch_key"] not in found, "a session is there twice"
            found[record["batch_key"]] = without(records, {*OF_A_BATCH, "seq"})
    return found


@pytest.mark.slow
def test_a_merge_that_is_killed_again_and_again_records_each_session_once(
    tmp_path: Path,
) -> None:
    sessions = [attrs.evolve(SESSIONS[n % 4], session_id=f"k{n}") for n in range(120)]
    AuditLog(tmp_path / "a").replay_close()
    shutil.copy(tmp_path / "a.salt", tmp_path / "b.salt")
    results = results_of(tmp_path / "a", sessions)
    chance = random.Random(7)  # noqa: S311 - when to kill is no secret
    kills = 0
    for _ in range(15):
        kills += killed(tmp_path / "a", results, chance.randrange(1, 121))
    merge_results(AuditLog(tmp_path / "a"), results)
    merge_results(AuditLog(tmp_path / "b"), results)
    assert kills
    assert sessions_in(tmp_path / "a") == sessions_in(tmp_path / "b")
    assert [*sessions_in(tmp_path / "a")] == [each.key for each in results]
    assert not verify(tmp_path / "a").problems
