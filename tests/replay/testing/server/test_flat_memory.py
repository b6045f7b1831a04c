"""A long stream: sent as it is read, in flat memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asking import CHAT, PATIENCE, PROMPT, connected, request_bytes

EVENTS = 100_000
MEGABYTE = 1 << 10  # in the kernel's unit, kB


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Return a process that serves one session of many events."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process has")
    delta = {"type": "text_delta", "content": "word "}
    path = tmp_path / "long.json"
    path.write_text(json.dumps([delta] * EVENTS), encoding="utf-8")
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "replay", "serve", path],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield process
        process.kill()


def memory_of(process: subprocess.Popen[str]) -> int:
    """Return how much memory a process has now, in kB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.slow
def test_memory_is_flat_over_100_000_events(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    url = process.stdout.readline().split(" at ")[1].split()[0]
    target = f"{CHAT}/long/messages/stream"
    memory = []
    count = 0
    with connected(url) as client:
        client.settimeout(PATIENCE)
        client.sendall(request_bytes("POST", target, "Connection: close", body=PROMPT))
        while data := client.recv(1 << 16):
            count += data.count(b"data: ")
            if count > EVENTS // 10:
                memory.append(memory_of(process))
    assert count > EVENTS - 1000  # a few are cut in two by a border of what was read
    assert max(memory) - memory[0] < 4 * MEGABYTE
