"""``replay serve`` as a process of its own, and a session that servers have."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from asking import CHAT, PROMPT
from replay.testing import LlamaCloudServer
from replay_command import INTERRUPTIBLE

Serve = Callable[..., LlamaCloudServer]

#: The session of the tests' servers, its stream, and a prompt for it.
SESSION = f"{CHAT}/ses-hello"
STREAM = f"{SESSION}/messages/stream"
ASKED = {**PROMPT, "prompt": "Hello?"}


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; yield its process and the line that it prints."""
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
    """Return the URL in the line."""
    return line.split(" at ")[1].split(" ", maxsplit=1)[0]
