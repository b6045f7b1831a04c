"""The command ``replay``, in this process or in its own."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, nullcontext
from pathlib import Path
from subprocess import CompletedProcess, run
from tempfile import TemporaryFile
from typing import IO, TypeAlias
from unittest.mock import patch

from replay.cli import app

#: Takes the command's arguments, and optionally ``stdin``, ``env`` and ``cwd``.
Run: TypeAlias = Callable[..., CompletedProcess[str]]

COMMAND = (sys.executable, "-m", "replay")
_PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from replay.__main__ import main; main()"
)
#: The same, but it heeds Ctrl-C even in a shell's background, which ignores it.
INTERRUPTIBLE = (sys.executable, "-c", _PROGRAM)


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without variables that style a terminal."""
    removed = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"}
    kept = {key: value for key, value in os.environ.items() if key not in removed}
    return {**kept, "TERM": "xterm-256color", **(changes or {})}


def run_here(
    *arguments: str | Path,
    stdin: str | bytes = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> CompletedProcess[str]:
    """Run the command in this process, and check that it writes UTF-8.

    Its three streams are files, and so are those of the processes that it starts. A
    server of worker processes, which outlives a command, keeps its first streams.
    """
    words = [os.fspath(each) for each in arguments]
    with ExitStack() as undo:
        files = [undo.enter_context(TemporaryFile()) for _ in range(3)]
        files[0].write(stdin.encode() if isinstance(stdin, str) else stdin)
        files[0].seek(0)
        with (
            _environment_of(environment(env)),
            chdir(cwd) if cwd else nullcontext(),
            _no_log_handlers(),
            _standard_streams(files),
        ):
            code = app.run(words)
        return CompletedProcess(words, code, *map(_content, files[1:]))


def run_apart(
    *arguments: str | Path,
    stdin: str | bytes = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> CompletedProcess[str]:
    """Run the command as a process with pipes, and check that it writes UTF-8."""
    done = run(  # noqa: S603 - our own command
        [*COMMAND, *arguments],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        check=False,
        env=environment(env),
        cwd=cwd,
        timeout=60,
    )
    return CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@contextmanager
def _environment_of(variables: Mapping[str, str]) -> Iterator[None]:
    with patch.dict(os.environ, variables, clear=True):
        yield


@contextmanager
def _no_log_handlers() -> Iterator[None]:
    """Remove the log's handlers, pytest's among them, and restore them afterwards.

    The level of the library's log is restored, too.
    """
    root, ours = logging.getLogger(), logging.getLogger("replay")
    before, root.handlers, level = root.handlers, [], ours.level
    try:
        yield
    finally:
        root.handlers = before
        ours.setLevel(level)


@contextmanager
def _standard_streams(files: Sequence[IO[bytes]]) -> Iterator[None]:
    """Make files the standard streams, down to their descriptors."""
    streams = sys.stdin, sys.stdout, sys.stderr
    descriptors = [os.dup(number) for number in range(3)]
    try:
        for number, file in enumerate(files):
            file.flush()
            os.dup2(file.fileno(), number)
        with (
            open(0, encoding="utf-8", closefd=False) as sys.stdin,
            open(1, "w", encoding="utf-8", closefd=False) as sys.stdout,
            open(2, "w", encoding="utf-8", closefd=False) as sys.stderr,
        ):
            yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
