"""A program that writes audit logs while a system call fails: the first, the second, ….

    python tests/support/failing_disk.py DIRECTORY CALL

It runs under ``strace -f``, which makes call number :data:`FAILING` of that name fail
in each process, on the files of :func:`paths`. Each child uses up most of these calls
on a scratch file, so that the first child meets the failure at the first call that
matters, the second child at the second. The program ends with the child that meets
none. It prints a line for each child: the error that its replay met. It fails if a
record is missing, the chain is broken, a replay continued, or the log can't continue.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import replay
from audit_logs import records_of
from replay.errors import AuditError, AuditPoisonedError
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.verify.verifier import verify

FAILING = 100
SESSION = replay.loads(
    '[{"type": "user_input", "content": "Well?"}, {"type": "text", "content": "Yes."}]'
)
SAME = (
    *("session_start", "turn_start", "user_input", "tool_call", "tool_result"),
    *("stop", "unknown_event", "diagnostic", "turn_end", "session_end"),
)
#: The kind of record that each hook leads to.
HOOKS = dict(zip(SAME, SAME, strict=True)) | {"thinking": "message", "text": "message"}
OUR_OWN = ("log_opened", "recovered", "checkpoint")


def acknowledging(tell: Callable[[str], object]) -> dict[str, Callable[[], object]]:
    """Return a plugin that calls *tell* with the kind of record of each hook."""

    def telling(kind: str) -> Callable[[], object]:
        return lambda: tell(kind)

    return {hook: telling(kind) for hook, kind in HOOKS.items()}


def paths(folder: Path) -> Iterator[Path]:
    """Yield the files whose calls may fail."""
    yield from (folder / "pad", folder / "log")
    for suffix in ("", ".000001", ".000002", ".openings", ".checkpoint.tmp"):
        yield folder / "log" / f"a{suffix}"


def spend(folder: Path, call: str, number: int) -> None:
    """Make a number of calls on the scratch file."""
    with (folder / "pad").open("wb", buffering=0) as file:
        calls: dict[str, Callable[[], object]] = {
            "write": lambda: file.write(b"x"),
            "fdatasync": lambda: os.fdatasync(file),
            "rename": lambda: os.rename(file.name, file.name),  # noqa: PTH104 - it counts
        }
        for _ in range(number):
            calls[call]()


def opened(path: Path) -> AuditLog:
    """Open a log that rotates and has openings, so that more can fail."""
    return AuditLog(path, content="committed", max_bytes=1500)


def replay_into(log: AuditLog, told: list[str]) -> None:
    """Replay a session, and note the hooks that returned."""
    acknowledge = acknowledging(told.append)
    del acknowledge["session_end"]  # called for all plugins, even if one fails
    replay.ReplayEngine([log, acknowledge], on_plugin_error="isolate").replay(SESSION)
    told.append("session_end")


def check(path: Path, told: list[str]) -> None:
    """Check that all acknowledged records are there, in a whole chain."""
    kinds = [record["kind"] for record in records_of(path)]
    written = [kind for kind in kinds if kind not in OUR_OWN]
    missing = iter(written)
    assert all(kind in missing for kind in told), "an acknowledged record is missing"
    assert len(written) <= len(told) + 2, "more than what failed is there"


def child(folder: Path, call: str, spent: int) -> AuditError | None:
    """Meet the failure after *spent* scratch calls; return the error it caused."""
    path, told = folder / "log" / "a", list[str]()
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    spend(folder, call, spent)
    log, met, left = None, None, 3
    while left:
        try:
            log = log or opened(path)
            if left > 1:
                replay_into(log, told)
            else:
                log.replay_close()
            left -= 1
        except AuditError as error:
            assert met is None, "the log does not go on"
            met = error
            if log is not None:
                check(path, told)
            if log is not None and isinstance(error, AuditPoisonedError):
                assert is_poisoned(log), "a poisoned log was written"
            if isinstance(error, AuditPoisonedError) or left == 1:
                log = None
    check(path, told)
    assert not verify(path).problems
    return met


def is_poisoned(log: AuditLog) -> bool:
    """Tell whether a log refuses more records."""
    try:
        replay_into(log, [])
    except AuditPoisonedError:
        return True
    return False


def main(folder: Path, call: str) -> None:
    """Fork a child for each call that can fail."""
    child(folder, call, 0)  # so that everything is imported
    for number in count(1):
        reader, writer = os.pipe()
        process = os.fork()
        if not process:
            met = child(folder, call, FAILING - number)
            os.write(writer, type(met).__name__.encode())
            os._exit(0)
        os.close(writer)
        met_by_child = os.read(reader, 100).decode()
        os.close(reader)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        assert code == 0, f"child {number} failed"
        print(met_by_child)  # noqa: T201 - its output
        if met_by_child == "NoneType":
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
