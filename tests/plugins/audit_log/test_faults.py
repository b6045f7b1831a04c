"""Where a call of the system fails, no record is lost and the log goes on.

strace lets the first call fail, then the second one, until no failure is met.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from failing_disk import FAILING, paths

SUPPORT = Path(__file__).resolve().parents[2] / "support"
TRACED = "trace=write,fdatasync,ftruncate,rename"
strace = shutil.which("strace")


def traced(
    program: Sequence[str], folder: Path, watched: Iterable[Path], *expressions: str
) -> str:
    """Run a program of Python's, what it does to files being watched by strace.

    Returns:
        What the program printed; the calls are in the file ``calls``.
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
    """Return the errors that were met, while a call fails as strace was told."""
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
    session, path = SUPPORT.parents[1] / "examples" / "two_turns.json", tmp_path / "a"
    plugin = f"audit_log:path={path},sync={sync}"
    program = ["-m", "replay", "run", str(session), "--plugin", plugin]
    traced(program, tmp_path, [path])
    calls = re.findall(r" (write|fdatasync)\(", (tmp_path / "calls").read_text())
    order = "".join("w" if call == "write" else "s" for call in calls)
    assert re.fullmatch(expected.replace(" ", ""), order)
