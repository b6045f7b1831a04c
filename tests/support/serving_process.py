"""``replay serve`` as a process of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay_command import INTERRUPTIBLE


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield the command, started, and the line that it prints."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [*INTERRUPTIBLE, "serve", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "REPLAY_SERVE_API_KEY": "", "PYTHONUNBUFFERED": ""},
    ) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline()
        finally:
            process.kill()


def url_in(line: str) -> str:
    """Return the URL that the line tells."""
    return line.split(" at ")[1].split(" ", maxsplit=1)[0]
