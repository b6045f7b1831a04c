"""A log on disk: whole records, in one chain, written as the policy says."""

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from audit_logs import kinds_of, opened, records_of
from file_room import room_for
from forking import exit_code_of, forked
from privileges import public_folder, unprivileged
from replay import ReplayEngine, loads
from replay.errors import (
    AuditError,
    AuditFullError,
    AuditLockedError,
    AuditPoisonedError,
    AuditTamperedError,
)
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.format.checkpoints import Checkpoint, read_note
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.log.content import Opening
from replay_plugins.audit_log.log.log_writer import LogWriter
from replay_plugins.audit_log.verify.verifier import verify

OPENING = Opening("content", "0a", "one")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a"


@pytest.fixture
def log(path: Path) -> LogWriter:
    return opened(path)


def test_a_log_begins_by_saying_who_writes_it_and_how(path: Path) -> None:
    opened(path, about={"sync": "record"})
    (record,) = records_of(path)
    assert (record["kind"], record["actor"]) == ("log_opened", "tester")
    assert (record["pid"], record["sync"]) == (os.getpid(), "record")
    assert len(record["log"]) == 32
    opened(path.with_name("other"))
    assert records_of(path.with_name("other"))[0]["log"] != record["log"]


def test_a_log_goes_on_where_it_ended(path: Path) -> None:
    for _ in range(2):
        log = opened(path)
        log.append("stop", {})
        log.close()
    assert kinds_of(path) == ["log_opened", "stop", "checkpoint"] * 2
    assert len({r["log"] for r in records_of(path) if "log" in r}) == 1


def test_a_checkpoint_covers_all_records_before_it(tmp_path: Path) -> None:
    log = opened(tmp_path / "a")
    log.append("stop", {})
    log.checkpoint()
    _, before, record = records_of(tmp_path / "a")
    assert record["signed"] is False
    noted = Checkpoint.from_text(read_note(record["note"]).text)
    assert noted.size == 2
    assert before["time"] <= str(noted.time) <= record["time"]


def test_the_checkpoint_beside_the_log_covers_its_own_record_too(
    tmp_path: Path,
) -> None:
    log = opened(tmp_path / "a")
    log.append("stop", {})
    log.checkpoint()
    beside = tmp_path / "a.checkpoint"
    noted = Checkpoint.from_text(read_note(records_of(tmp_path / "a")[-1]["note"]).text)
    copied = Checkpoint.from_text(read_note(beside.read_text()).text)
    assert (copied.size, copied.time) == (3, noted.time)
    found = verify(tmp_path / "a", kept=[beside])
    assert (found.problems, found.checkpoints, found.kept) == ([], 1, 3)


# Records that nobody signed


def left_by_a_crash(path: Path, signer: Signer | None = None) -> None:
    """Write a log of a checkpoint and two records after it."""
    log = opened(path, signer=signer)
    log.checkpoint()
    log.append("stop", {})
    log.append("stop", {})


def test_records_after_the_last_checkpoint_are_counted_and_told_when_it_goes_on(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left_by_a_crash(path)
    opened(path).close()
    assert [r["unsigned"] for r in records_of(path) if "unsigned" in r] == [0, 2]
    assert f"{path}: no checkpoint covers records 2 to 3, " in caplog.text
    caplog.clear()
    opened(path).close()
    assert records_of(path)[-2]["unsigned"] == 0
    assert not caplog.text


def test_a_log_that_was_only_opened_has_no_unsigned_record(path: Path) -> None:
    for _ in range(3):
        opened(path, unsigned="refuse")
    assert [record["unsigned"] for record in records_of(path)] == [0, 0, 0]
    assert verify(path, kept=[path.with_name("a.checkpoint")]).is_end_anchored


def test_a_checkpoint_that_another_key_signed_or_none_covers_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine, other = Signer.generate("mine"), Signer.generate("mine")
    for number, signer in enumerate((None, other)):
        path = tmp_path / str(number)
        opened(path, signer=signer).close()
        opened(path, signer=mine).close()
        told = f"{path}: no checkpoint signed with this key covers records 0 to 1, "
        assert told in caplog.text
        assert [r["unsigned"] for r in records_of(path) if "unsigned" in r] == [0, 2]
        opened(path)
        assert records_of(path)[-1]["unsigned"] == 0


def test_unsigned_records_can_be_refused(path: Path) -> None:
    opened(path, unsigned="refuse").close()
    opened(path, unsigned="refuse").append("stop", {})
    before = path.read_bytes()
    with pytest.raises(AuditTamperedError, match="no checkpoint covers record 3"):
        opened(path, unsigned="refuse")
    assert path.read_bytes() == before
    opened(path)


def test_a_checkpoint_is_signed_where_there_is_a_key(path: Path) -> None:
    signer = Signer.generate("auditor")
    opened(path, signer=signer).checkpoint()
    record = records_of(path)[1]
    assert record["signed"] is True
    assert signer.verifier().check(read_note(record["note"])) == "valid"


def test_every_file_is_its_owners_alone(tmp_path: Path) -> None:
    log = opened(tmp_path / "a", max_bytes=1, keeps_openings=True)
    log.append("stop", {}, [OPENING])
    log.append("stop", {})
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(
        ["a", "a.000001", "a.checkpoint", "a.lock", "a.openings"], 0o600
    )


def test_a_closed_log_takes_no_record_and_is_closed_once(
    log: LogWriter, path: Path
) -> None:
    log.close()
    log.close()
    with pytest.raises(AuditError, match="the log is closed"):
        log.append("stop", {})
    assert kinds_of(path) == ["log_opened", "checkpoint"]


def test_what_is_no_json_is_refused_and_the_log_goes_on(
    log: LogWriter, path: Path
) -> None:
    with pytest.raises(AuditError, match="a stop cannot be written as JSON"):
        log.append("stop", {"set": {1}})
    log.append("stop", {})
    assert kinds_of(path) == ["log_opened", "stop"]


def test_a_record_that_no_reader_would_take_is_refused(path: Path) -> None:
    log = opened(path, longest_line=500, keeps_openings=True)
    for fields, openings in (
        ({"a": "x" * 500}, []),
        ({}, [Opening("a", "0a", "x" * 500)]),
    ):
        with pytest.raises(
            AuditError, match=r"a stop has \d+ bytes, and a line at most"
        ):
            log.append("stop", fields, openings)
    log.append("stop", {})
    log.close()
    assert kinds_of(path) == ["log_opened", "stop", "checkpoint"]
    with pytest.raises(AuditTamperedError, match="a line of more than 200 bytes"):
        opened(path, longest_line=200)


def test_a_log_that_could_not_be_opened_or_ended_is_not_locked(path: Path) -> None:
    path.write_text("{}\n")
    with pytest.raises(AuditTamperedError):
        opened(path)
    path.unlink()
    log = opened(path)
    path.unlink()
    with pytest.raises(AuditTamperedError):
        log.close()
    path.with_name("a.checkpoint").unlink()
    opened(path)


@pytest.mark.parametrize(
    "use", [lambda log: log.append("stop", {}), LogWriter.checkpoint, LogWriter.close]
)
def test_a_forked_child_is_refused(
    log: LogWriter, path: Path, use: Callable[[LogWriter], None]
) -> None:

    def use_it() -> None:
        with pytest.raises(AuditLockedError):
            use(log)

    assert exit_code_of(forked(use_it)) == 0
    log.append("stop", {})
    assert kinds_of(path) == ["log_opened", "stop"]


def test_a_writer_whose_lock_was_removed_is_stopped_by_the_next_one(
    tmp_path: Path,
) -> None:
    log = opened(tmp_path / "a")
    (tmp_path / "a.lock").unlink()
    opened(tmp_path / "a").append("stop", {})
    with pytest.raises(AuditTamperedError, match="and was left with"):
        log.append("stop", {})
    assert kinds_of(tmp_path / "a") == ["log_opened", "log_opened", "stop"]


def test_a_directory_that_cannot_be_read_is_an_error_of_the_log() -> None:
    with public_folder() as folder:
        (folder / "logs").mkdir()
        (folder / "logs").chmod(0o333)
        with unprivileged(), pytest.raises(AuditError, match="permission denied"):
            opened(folder / "logs" / "a")


def test_threads_take_turns(path: Path) -> None:
    log = opened(path, sync="session", max_bytes=3000)

    def write() -> None:
        for _ in range(50):
            log.append("stop", {})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds_of(path).count("stop") == 200


def test_rotation_by_size_keeps_one_chain(tmp_path: Path) -> None:
    log = opened(tmp_path / "a", max_bytes=400)
    for _ in range(3):
        log.append("stop", {})
    log.close()
    parts = [path.name for path in sorted(tmp_path.glob("a.0*"))]
    assert parts == ["a.000001", "a.000002"]
    assert kinds_of(tmp_path / "a") == ["log_opened", "stop", "checkpoint"] * 3


def test_a_file_that_is_large_enough_goes_on_after_it_was_opened_again(
    tmp_path: Path,
) -> None:
    for _ in range(3):
        log = opened(tmp_path / "a", max_bytes=400)
        log.append("stop", {})
        log.append("stop", {})
        log.close()
    assert kinds_of(tmp_path / "a").count("stop") == 6
    assert len([*tmp_path.glob("a.0*")]) == 3


def test_rotation_by_age_counts_from_the_files_first_record(tmp_path: Path) -> None:
    old = opened(tmp_path / "a")
    old.append("stop", {})
    old.close()
    for max_age in (1e6, 1e-9):
        log = opened(tmp_path / "a", max_age=max_age)
        log.append("stop", {})
        log.append("stop", {})
        log.close()
    (part,) = tmp_path.glob("a.0*")
    assert kinds_of(tmp_path / "a").count("stop") == 5
    assert b"checkpoint" in part.read_bytes().splitlines()[-1]


def test_a_file_in_a_new_ones_place_is_never_appended_to(tmp_path: Path) -> None:
    log = opened(tmp_path / "a", max_bytes=1)
    log.append("stop", {})
    with room_for(0), pytest.raises(AuditFullError):
        log.append("stop", {})
    (tmp_path / "a").rename(tmp_path / "a.000001")
    (tmp_path / "a").write_bytes(b"x\n")
    with pytest.raises(AuditTamperedError):
        log.append("stop", {})
    assert (tmp_path / "a").read_bytes() == b"x\n"


@pytest.mark.parametrize("max_bytes", [None, 1, 700])
@pytest.mark.parametrize("keeps_openings", [True, False])
def test_without_room_no_record_is_torn_and_with_room_the_log_goes_on(
    tmp_path: Path,
    max_bytes: int | None,
    keeps_openings: bool,  # noqa: FBT001 - parametrized
) -> None:
    openings = [OPENING] if keeps_openings else []
    path = tmp_path / "a"
    refused = 0
    for room in range(0, 1200, 13):
        policy = {"max_bytes": max_bytes, "keeps_openings": keeps_openings}
        try:
            with room_for(room):
                log = opened(path, **policy)
        except AuditFullError:
            refused += 1
            continue
        for _ in range(3):
            before = kinds_of(path).count("stop")
            try:
                with room_for(room):
                    log.append("stop", {}, openings)
            except AuditFullError:
                refused += 1
                assert kinds_of(path).count("stop") == before
                log.append("stop", {}, openings)
            assert kinds_of(path).count("stop") == before + 1
        log.close()
    assert refused > 10
    stops = [r["seq"] for r in records_of(path) if r["kind"] == "stop"]
    if keeps_openings:
        lines = (tmp_path / "a.openings").read_bytes().splitlines(keepends=True)
        assert lines == [OPENING.line(seq) for seq in stops]


def test_what_cannot_be_synced_closes_the_log_for_good(
    log: LogWriter, path: Path
) -> None:
    reader, writer = os.pipe()
    os.dup2(writer, log._file._descriptor, inheritable=False)  # type: ignore[union-attr]  # noqa: SLF001 - a broken disk
    for use in (partial(log.append, "stop", {}),) * 2 + (log.checkpoint, log.close):
        with pytest.raises(AuditPoisonedError, match="what is on the disk is unknown"):
            use()
    os.close(reader)
    os.close(writer)
    opened(path).append("stop", {})
    assert kinds_of(path) == ["log_opened", "log_opened", "stop"]


def test_openings_that_another_policy_left_are_looked_after(path: Path) -> None:
    log, openings = opened(path, keeps_openings=True), path.with_name("a.openings")
    log.append("stop", {}, [OPENING])
    log.close()
    with openings.open("ab") as file:
        file.write(OPENING.line(3))
    log = opened(path)
    assert openings.read_bytes() == OPENING.line(1)
    openings.unlink()
    with pytest.raises(AuditTamperedError):
        log.append("stop", {}, [OPENING])
    assert kinds_of(path).count("stop") == 1


def interrupt_after(
    function: str, interrupt: type[BaseException] = KeyboardInterrupt
) -> Callable[[FrameType, str, object], None]:
    def profile(_: FrameType, event: str, argument: object) -> None:
        if event == "c_return" and getattr(argument, "__name__", "") == function:
            sys.setprofile(None)
            raise interrupt

    return profile


@pytest.mark.parametrize("openings", [[], [OPENING]])
def test_an_interrupt_within_a_record_or_opening_closes_the_log_for_good(
    path: Path, openings: list[Opening]
) -> None:
    log = opened(path, keeps_openings=True)
    sys.setprofile(interrupt_after("write"))
    with pytest.raises(KeyboardInterrupt):
        log.append("stop", {}, openings)
    for use in (partial(log.append, "stop", {}), log.close):
        with pytest.raises(AuditPoisonedError, match="interrupted within a record"):
            use()
    opened(path).append("stop", {})
    written = ["log_opened", "log_opened", "recovered", "stop"]
    kinds = written if openings else ["log_opened", "stop", "log_opened", "stop"]
    assert kinds_of(path) == kinds
    assert path.with_name("a.openings").read_bytes() == b""


@pytest.mark.parametrize("call", ["monotonic_ns", "write", "fdatasync", "replace"])
def test_a_programs_exit_within_a_hook_stops_a_replay_that_isolates(
    path: Path, call: str
) -> None:
    engine = ReplayEngine([AuditLog(path)], on_plugin_error="isolate")
    sys.setprofile(interrupt_after(call, SystemExit))
    with pytest.raises(AuditError, match="SystemExit"):
        engine.replay(loads('[{"type": "user_input", "content": "Well?"}]'))


def test_an_interrupt_while_a_record_is_synced_loses_nothing(
    log: LogWriter, path: Path
) -> None:
    sys.setprofile(interrupt_after("fdatasync"))
    with pytest.raises(KeyboardInterrupt):
        log.append("stop", {})
    log.append("stop", {})
    assert kinds_of(path) == ["log_opened", "stop", "stop"]


# When records reach the disk; test_faults.py sees the calls of the system


def test_after_so_many_milliseconds_records_are_synced_by_themselves(
    path: Path,
) -> None:
    log = opened(path, sync=1)
    log.append("stop", {})
    timer = log._timer  # noqa: SLF001 - what is waited for
    if timer is not None:
        timer.join()
    assert log._timer is None  # noqa: SLF001 - it has run
    assert log._file._is_synced  # type: ignore[union-attr]  # noqa: SLF001 - it did that
    log.append("stop", {})
    log.close()
    assert kinds_of(path) == ["log_opened", "stop", "stop", "checkpoint"]


@pytest.mark.parametrize("wait", [10**13, 10**400], ids=["long", "huge"])
def test_no_wait_is_too_long_for_the_clock(path: Path, wait: int) -> None:
    log = opened(path, sync=wait)
    log.append("stop", {})
    assert log._timer.interval <= threading.TIMEOUT_MAX  # type: ignore[union-attr]  # noqa: SLF001 - a thread waits so long
    log.close()


def test_where_no_thread_can_wait_a_record_is_synced_at_once(path: Path) -> None:
    log = opened(path, sync=600_000)
    before = threading.stack_size(1 << 46)  # more than any machine has
    try:
        log.append("stop", {})
    finally:
        threading.stack_size(before)
    assert log._file._is_synced  # type: ignore[union-attr]  # noqa: SLF001 - it did that
    log.append("stop", {})
    assert log._timer is not None  # noqa: SLF001 - a thread waits again
    log.close()


def test_a_log_that_was_closed_is_not_synced_later(path: Path) -> None:
    log = opened(path, sync=600_000)
    log.append("stop", {})
    timer = log._timer  # noqa: SLF001 - what is waited for
    assert timer is not None
    log.close()
    timer.join()
    log._sync_later()  # noqa: SLF001 - as a timer would that came too late
    assert kinds_of(path) == ["log_opened", "stop", "checkpoint"]
