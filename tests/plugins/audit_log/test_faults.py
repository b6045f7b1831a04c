"""Where a call of the system fails, no record is lost and the log goes on.

strace lets the first call fail, then the second one, until no failure is met.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from failing_disk import FAILING, paths

SUPPORT = Path(__file__).resolve().parents[2] / "support"
TRACED = "trace=write,fdatasync,ftruncate,rename"
strace = shutil.which("strace")


def traced(folder: Path, call: str, *faults: str) -> str:
    """Run what strace watches, on the files of a folder, and return what it printed."""
    if strace is None:
        pytest.skip("strace is not installed")
    options = [option for path in paths(folder) for option in ("-P", str(path))]
    for option in (TRACED, *(f"inject={fault}" for fault in faults)):
        options += ["-e", option]
    command = [strace, "-f", "--seccomp-bpf", "-o", str(folder / "calls"), *options]
    program = [sys.executable, "failing_disk.py", str(folder), call]
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


WHEN = f"when={FAILING}"


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
    *met, last = traced(tmp_path, call, *faults).split()
    assert last == "NoneType"
    assert set(met) == errors
    assert len(met) >= fewest


def test_without_a_failure_there_is_no_error(tmp_path: Path) -> None:
    assert traced(tmp_path, "write") == "NoneType\n"
