"""Failing system calls, which lose no record and don't end the log.

strace makes the first call fail, then the second, until no failure is met.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pytest

import replay
from audit_logs import Record, opened, records_of
from failing_disk import FAILING, OUR_OWN, acknowledging, paths
from forking import exit_code_of, forked
from replay import AuditLockedError, ReplayEngine
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.verify.verifier import verify

SUPPORT = Path(__file__).resolve().parents[2] / "support"
EXAMPLES = SUPPORT.parents[1] / "examples"
TRACED = "trace=write,fdatasync,ftruncate,rename"
strace = shutil.which("strace")


def traced(
    program: Sequence[str], folder: Path, watched: Iterable[Path], *expressions: str
) -> str:
    """Run a Python program, with strace watching its calls on files.

    Returns:
        The program's output; the calls are in the file ``calls``.
    """
    if strace is None:
        pytest.skip("strace is not installed")
    options = [option for path in watched for option in ("-P", str(path))]
    for expression in (TRACED, *expressions):
        options += ["-e", expression]
    calls = ["-o", str(folder / "calls")]
    command = [strace, "-f", "--seccomp-bpf", *calls, *options, sys.executable]
    done = subprocess.run(  # noqa: S603 - our own
        [*command, *program],
        check=False,
        capture_output=True,
        cwd=SUPPORT,
        encoding="utf-8",
    )
    if "PTRACE" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def met_by(folder: Path, call: str, *faults: str) -> list[str]:
    """Return the errors that were met while strace made a call fail."""
    program = ["failing_disk.py", str(folder), call]
    inject = [f"inject={fault}" for fault in faults]
    return traced(program, folder, paths(folder), *inject).split()


WHEN = f"when={FAILING}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faults", "errors", "fewest"),
    [
        ([f"write:error=ENOSPC:{WHEN}"], {"AuditFullError"}, 25),
        ([f"write:retval=7:{WHEN}"], {"AuditFullError"}, 25),
        ([f"write:error=EIO:{WHEN}"], {"AuditPoisonedError", "AuditError"}, 25),
        ([f"fdatasync:error=EIO:{WHEN}"], {"AuditPoisonedError"}, 25),
        ([f"rename:error=EIO:{WHEN}"], {"AuditError"}, 5),
        (
            [f"write:retval=7:{WHEN}", "ftruncate:error=EIO:when=1"],
            {"AuditPoisonedError", "AuditFullError"},
            25,
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_wherever_a_call_fails_no_record_is_lost(
    tmp_path: Path, faults: list[str], errors: set[str], fewest: int
) -> None:
    call = faults[0].partition(":")[0]
    *met, last = met_by(tmp_path, call, *faults)
    assert last == "NoneType"
    assert set(met) == errors
    assert len(met) >= fewest


def test_without_a_failure_there_is_no_error(tmp_path: Path) -> None:
    assert met_by(tmp_path, "write") == ["NoneType"]


@pytest.mark.parametrize(
    ("sync", "expected"),
    [
        ("record", r"(ws){23}"),
        ("session", r"ws w{21}s ws"),
        ("600000", r"ws w{21}s ws"),
    ],
)
def test_records_are_on_the_disk_when_the_policy_says(
    tmp_path: Path, sync: str, expected: str
) -> None:
    session, path = EXAMPLES / "two_turns.json", tmp_path / "a"
    plugin = f"audit_log:path={path},sync={sync}"
    program = ["-m", "replay", "run", str(session), "--plugin", plugin]
    traced(program, tmp_path, [path])
    calls = re.findall(r" (write|fdatasync)\(", (tmp_path / "calls").read_text())
    order = "".join("w" if call == "write" else "s" for call in calls)
    assert re.fullmatch(expected.replace(" ", ""), order)


def write_when_it_is_free(path: Path, pipe: int, actor: str) -> None:
    """Replay a session into a log, after reporting once that another writer has it."""
    session, told = replay.load(EXAMPLES / "two_turns.json"), b"x"
    while True:
        try:
            log = AuditLog(path, actor=actor)
        except AuditLockedError:
            os.write(pipe, told)
            told = b""
            continue
        with ReplayEngine([log]) as engine:
            engine.replay(session)
        return


@pytest.mark.slow
def test_four_processes_are_refused_or_write_every_record(tmp_path: Path) -> None:
    path, actors = tmp_path / "a", [f"process {number}" for number in range(4)]
    mine = opened(path)
    reader, writer = os.pipe()
    children = [
        forked(partial(write_when_it_is_free, path, writer, actor)) for actor in actors
    ]
    told = b""
    while len(told) < len(children):
        told += os.read(reader, 4)
    mine.append("stop", {})
    mine.close()
    codes = [exit_code_of(child) for child in children]
    os.close(reader)
    os.close(writer)
    assert codes == [0] * 4
    records = [r for r in records_of(path) if r["actor"] != "tester"]
    whole = len(records) // 4
    for number in range(4):
        of_one = records[number * whole : (number + 1) * whole]
        assert len({record["actor"] for record in of_one}) == 1
        kinds = [of_one[n]["kind"] for n in (0, 1, -1)]
        assert kinds == ["log_opened", "session_start", "checkpoint"]
    assert {record["actor"] for record in records} == set(actors)


# Kills


ROUNDS = int(os.environ.get("AUDIT_LOG_KILLS", "15"))


def killed(path: Path, options: Mapping[str, Any], after: int) -> list[str]:
    """Kill a writer after some acknowledged records; return all it acknowledged."""
    reader, writer = os.pipe()
    names = ("two_turns", "deltas_only", "unknown_event", "error_stop")
    sessions = [replay.load(EXAMPLES / f"{name}.json") for name in names]

    def write() -> None:
        os.close(reader)
        tell = acknowledging(lambda kind: os.write(writer, f"{kind}\n".encode()))
        engine = ReplayEngine([AuditLog(path, **options), tell])
        for session in cycle(sessions):
            engine.replay(session)

    child = forked(write)
    os.close(writer)
    told = b""
    with open(reader, "rb", buffering=0) as pipe:  # noqa: PTH123 - no path
        while told.count(b"\n") < after and (more := pipe.read(4096)):
            told += more
        os.kill(child, signal.SIGKILL)
        told += pipe.read()
    assert exit_code_of(child) == -signal.SIGKILL
    return told.decode().split()


def whole_records(path: Path) -> list[Record]:
    """Return a log's records without a torn end, after checking that they chain."""
    if not path.exists():  # killed between two files
        return records_of(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    records = records_of(path)
    path.write_bytes(whole)
    return records


@pytest.mark.slow
@pytest.mark.parametrize("sync", ["record", "session", 20])
def test_no_acknowledged_record_is_missing_after_kills(
    tmp_path: Path, sync: str | int
) -> None:
    random = Random(0)  # noqa: S311 - when to kill is no secret
    path, size = tmp_path / "a", 0
    for _ in range(ROUNDS):
        options = {
            "sync": sync,
            "content": random.choice(["full", "digest", "committed"]),
            "max_bytes": random.choice([None, None, 10_000]),
        }
        told = killed(path, options, random.randrange(120))
        new = [record["kind"] for record in whole_records(path)[size:]]
        written = [kind for kind in new if kind not in OUR_OWN]
        assert written[: len(told)] == told
        assert len(written) <= len(told) + 1
        size += len(new)
    AuditLog(path).replay_close()
    assert len(records_of(path)) >= size
    assert not verify(path).problems
