"""Records of a batch, made by workers and appended by the plugin."""

import os
import random
import shutil
import signal
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

import replay
from audit_batches import OF_A_BATCH, batch, results_of, without
from audit_logs import Record, kinds_of, lines_of, opened, records_of
from forking import exit_code_of, forked
from replay import (
    AuditError,
    AuditTamperedError,
    BatchResult,
    MustStopError,
    PluginError,
    ReplayEngine,
    Session,
    Text,
    UserInput,
)
from replay.batch.plugin_specs import specs_of, workers_plugin
from replay.model.json_text import parse_json, write_json
from replay.testing import odd_histories
from replay.testing.batch_contract import merge_results, worker_results
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.batch_records import (
    AuditLogWorker,
    logged_sessions,
)
from replay_plugins.audit_log.format.chain import json_bytes
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.log.content import ContentPolicy, salt_id
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.proofs import prove_inclusion
from replay_plugins.audit_log.verify.verifier import verify

SESSION = Session("s", events=[UserInput("Well?")])
STRANGE = Session(
    "s",
    events=[UserInput("x", recorded={"type": "user_input", "content": "x", "at": {1}})],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a"


def worker(path: Path, **options: object) -> object:
    """Make the worker's plugin from the plugin's name and options."""
    (spec,) = specs_of([("audit_log", {"path": str(path), **options})])
    return workers_plugin(spec)


def test_it_takes_the_options_of_the_plugin(path: Path) -> None:
    made = worker(path, content="full", deltas="yes", sync="5", max_age="9")
    assert isinstance(made, AuditLogWorker)
    assert (made.deltas, made.sync, made.max_age) == (True, 5, 9.0)


def test_it_keeps_nothing_of_a_session(path: Path) -> None:
    made = AuditLogWorker(path, content="full")
    made.replay_session_start(Session("t", events=[UserInput("Never ended")]))
    alone, again = worker_results([made], [SESSION, SESSION])
    assert (
        alone == again == worker_results([worker(path, content="full")], [SESSION])[0]
    )
    assert made.replay_batch_result() == [""]
    assert not [*path.parent.iterdir()]


def test_digests_need_the_salt_of_the_log(tmp_path: Path) -> None:
    missing = r"a\.salt: no such file.* under the same path"
    with pytest.raises(AuditError, match=missing):
        worker(tmp_path / "a")
    (tmp_path / "a.salt").write_bytes(b"short")
    with pytest.raises(AuditTamperedError, match="isn't a salt"):
        worker(tmp_path / "a")


def test_values_that_can_be_removed_are_not_given_away(path: Path) -> None:
    with pytest.raises(PluginError, match="in a batch, content cannot be committed"):
        worker(path, content="committed")


@pytest.mark.parametrize("content", ["full", "digest"])
def test_what_cannot_be_recorded_stops_the_batch(
    path: Path,
    content: Any,  # noqa: ANN401 - one of the two
) -> None:
    AuditLog(path).replay_close()
    with pytest.raises(MustStopError, match=r"cannot be (recorded|written as JSON)"):
        worker_results([AuditLogWorker(path, content=content)], [STRANGE])


def test_it_is_where_the_log_is_when_the_program_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log, made = AuditLog(Path("a")), AuditLogWorker(Path("a"))
    monkeypatch.chdir("/")
    results = worker_results([made], [SESSION])
    assert "Well?" not in repr(results)
    ReplayEngine([log]).replay(SESSION)
    assert kinds_of(tmp_path / "a")[-2:] == ["session_end", "checkpoint"]
    assert (tmp_path / "a.checkpoint").exists()


@pytest.mark.parametrize(
    "value",
    ["\ud83d", "\ud83d" + "\ude00", "\U0001f600", 10**4000, 1e22, -0.0, {"events": 1}],
    ids=ascii,
)
def test_what_comes_through_json_is_what_the_log_would_hold(
    path: Path, value: object
) -> None:
    made = AuditLogWorker(path, content="full")
    fields = {"events": value, "a": {"events": value}}
    made.append("stop", fields, ())
    given = parse_json(write_json(made.replay_batch_result())).value
    assert given == ["", ["stop", json_bytes(fields).decode()]]
    with pytest.raises(AuditError, match="a stop cannot be written as JSON"):
        made.append("stop", {"a": {1}}, ())


def test_two_salts_are_told_apart_and_none_from_both() -> None:
    salt = b"s" * 32
    assert len({salt_id(None), salt_id(salt), salt_id(salt[::-1] + b"t")}) == 3
    assert salt.hex()[:8] not in salt_id(salt)


KEY = "0123456789abcdef" * 2


def log_of(
    path: Path, *records: tuple[str, Mapping[str, object]], **policy: int
) -> LogFiles:
    log = opened(path, **policy)
    for kind, fields in records:
        log.append(kind, fields)
    log.close()
    return LogFiles(path)


@pytest.mark.parametrize("times", [1, 2])
def test_a_session_is_there_as_often_as_it_ended(path: Path, times: int) -> None:
    files = log_of(path, *[("session_end", {"batch_key": KEY})] * times)
    with logged_sessions(files) as is_logged:
        assert [is_logged(KEY) for _ in range(4)].count(True) == times
        assert not is_logged(KEY[::-1])


def test_nothing_else_is_taken_for_its_end(path: Path) -> None:
    records: list[tuple[str, Mapping[str, object]]] = [
        ("session_start", {"batch_key": KEY}),
        ("session_end", {"turns": 1}),
        ("session_end", {"id": f'","batch_key":"{KEY}"'}),
        ("message", {"id": f'"kind":"session_end","batch_key":"{KEY}"'}),
    ]
    with logged_sessions(log_of(path, *records)) as is_logged:
        assert not is_logged(KEY)


def test_all_files_of_a_log_are_read_and_not_into_memory(path: Path) -> None:
    ends = [("session_end", {"batch_key": f"{n:032x}"}) for n in range(2000)]
    files = log_of(path, *ends, sync=10**9, max_bytes=200_000)
    assert len(files.parts()) > 1
    tracemalloc.start()
    try:
        with logged_sessions(files) as is_logged:
            assert tracemalloc.get_traced_memory()[0] < 50_000
            assert all(is_logged(fields["batch_key"]) for _, fields in ends)
    finally:
        tracemalloc.stop()


EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SESSIONS = [
    Session(f"s{n}", events=[UserInput(f"{n}?"), Text("So.")]) for n in range(4)
]


def plain(path: Path, sessions: Sequence[Session], **options: bool) -> None:
    with ReplayEngine([AuditLog(path, **options)]) as engine:  # type: ignore[arg-type]  # any option
        for session in sessions:
            engine.replay(session)


def ends(path: Path) -> list[str]:
    """Return the batch keys of all sessions that are complete in a log."""
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


def test_a_session_bears_the_key_of_its_result_where_it_begins_and_ends(
    path: Path,
) -> None:
    batch(path, SESSIONS, content="full")
    records = records_of(path)
    keyed = [(r["kind"], r["batch_key"]) for r in records if "batch_key" in r]
    kinds = ("session_start", "session_end")
    assert keyed == [(kind, f"{number:032x}") for number in range(4) for kind in kinds]


@pytest.mark.parametrize("content", ["digest", "redacted"])
def test_no_guess_of_a_session_can_be_checked_by_its_key(
    tmp_path: Path, content: str
) -> None:
    for name in ("a", "b"):
        for _ in range(2):
            batch(tmp_path / name, SESSIONS, content=content)
    one, other = ends(tmp_path / "a"), ends(tmp_path / "b")
    plain = {each.key for each in results_of(tmp_path / "a", SESSIONS, content=content)}
    assert len({*one, *other} - plain) == len(one + other) == 8
    assert {len(key) for key in one} == {32}


def test_what_is_in_the_log_as_often_is_not_recorded_again(path: Path) -> None:
    batch(path, SESSIONS)
    batch(path, SESSIONS)
    assert len(ends(path)) == 4
    assert kinds_of(path)[-2:] == ["log_opened", "checkpoint"]
    (result, *_) = results_of(path, SESSIONS)
    for times in (2, 3):
        merge_results(AuditLog(path), [result] * times)
        assert len(ends(path)) == 3 + times


def test_a_session_that_no_plugin_was_shown_leaves_no_record(path: Path) -> None:
    leader = AuditLog(path, content="full")
    merge_results(leader, [BatchResult("00", "s", [""])])
    assert kinds_of(path) == ["log_opened", "checkpoint"]


def test_a_session_that_was_half_written_is_written_again_in_full(path: Path) -> None:
    batch(path, SESSIONS)
    records = records_of(path)
    last = max(r["seq"] for r in records if r["kind"] == "session_end")
    path.write_bytes(b"".join(line + b"\n" for line in lines_of(path)[:last]))
    path.with_name("a.checkpoint").unlink()
    batch(path, SESSIONS)
    kinds = kinds_of(path)
    assert (kinds.count("session_start"), kinds.count("session_end")) == (5, 4)
    assert len(set(ends(path))) == 4


def test_the_log_of_a_batch_verifies_and_its_records_can_be_proved(
    tmp_path: Path,
) -> None:
    path, key, signer = tmp_path / "a", tmp_path / "key", Signer.generate("auditor")
    key.write_text(signer.private_text())
    batch(path, SESSIONS, key=str(key), max_bytes=4000)
    kept = [tmp_path / "a.checkpoint"]
    assert verify(path, keys=[signer.verifier()], kept=kept).is_good
    proof = prove_inclusion(path, kinds_of(path).index("user_input"))
    assert proof.is_true()


# Kills


class Told:
    """Results that report each one to a pipe before it is merged."""

    def __init__(self, results: Sequence[BatchResult], pipe: int) -> None:
        self.results, self.pipe = results, pipe

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[BatchResult]:
        for result in self.results:
            os.write(self.pipe, b".")
            yield result


def killed(path: Path, results: Sequence[BatchResult], after: int) -> bool:
    """Merge results in a child; kill it when it has begun a number of them.

    Returns:
        Whether it was still working.
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
    """Return the records of each session that is complete in a log, by its key."""
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
    assert len(sessions_in(tmp_path / "a")) == len(results)
    assert not verify(tmp_path / "a").problems
