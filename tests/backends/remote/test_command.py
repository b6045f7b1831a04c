"""Remote places on the command line."""

import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

import replay
from replay_command import INTERRUPTIBLE, Run
from s3_server import KEYS, Bucket

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


def lines_of(*ids: str) -> str:
    event = {"type": "text", "content": "x"}
    return "\n".join(json.dumps({"session_id": i, "events": [event]}) for i in ids)


def test_sessions_are_copied_to_a_bucket_and_back(run: Run, bucket: Bucket) -> None:
    url = f"{bucket.url}/sub/copy"
    for _ in range(2):
        done = run("copy", "-", url, stdin=lines_of("b", "../a"))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert bucket.paths() == ["sub/copy/%2e.%2fa.json", "sub/copy/b.json"]
    listed = run("ls", url, "--json")
    assert listed.stderr == ""
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [row["session_id"] for row in rows] == ["../a", "b"]
    assert replay.load(f"{url}/b.json").session_id == "b"


def test_where_nothing_can_be_written_one_line_tells(run: Run, bucket: Bucket) -> None:
    done = run("copy", "-", "s3://missing/copy", stdin=lines_of("a"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "replay: error: s3://missing/copy/a.json: there is no such bucket\n"
    )
    bucket.server.refusal = lambda _: ("403 Forbidden", "AccessDenied")
    done = run("copy", "-", f"{bucket.url}/copy", stdin=lines_of("a"))
    assert done.returncode == 2
    assert done.stderr == (
        f"replay: error: {bucket.url}/copy: forbidden (the key may not do that here, "
        "or is not the right one)\n"
    )


def test_no_secret_is_ever_shown(run: Run, bucket: Bucket) -> None:
    secrets = [*KEYS.values(), "s3cr3t/word", "signed-CANARY"]
    bucket.put("a.json", lines_of("a").encode())
    bucket.server.refusal = lambda _: ("403 Forbidden", "SignatureDoesNotMatch")
    shown = []
    for location in (
        f"s3://user:s3cr3t/word@{bucket.name}/a.json",
        f"{bucket.url}/a.json?X-Amz-Signature=signed-CANARY",
        f"{bucket.url}/a.json",
    ):
        done = run("--traceback", "ls", location)
        shown.append(done.stdout + done.stderr)
    assert not [text for text in shown if any(each in text for each in secrets)]
    assert sum("must not stand in a location" in text for text in shown) == 2


@pytest.mark.slow
def test_ctrl_c_waits_for_no_object(bucket: Bucket) -> None:
    bucket.put("it/a.json", lines_of("a").encode())
    is_asked, is_over = threading.Event(), threading.Event()

    def keep_waiting(environ: "WSGIEnvironment") -> None:
        if environ["PATH_INFO"].endswith("a.json"):
            is_asked.set()
            is_over.wait(60)

    bucket.server.refusal = keep_waiting
    with subprocess.Popen(  # noqa: S603 - our own command
        [*INTERRUPTIBLE, "ls", f"{bucket.url}/it"],
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert is_asked.wait(60)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=10)
        finally:
            process.kill()
            is_over.set()
    assert (process.returncode, told) == (130, b"")


def test_a_batch_over_a_bucket_is_what_one_run_is(run: Run, bucket: Bucket) -> None:
    for name in "abc":
        bucket.put(f"it/{name}.json", lines_of(name).encode())
    command = ("run", f"{bucket.url}/it", "--plugin", "usage")
    alone, batch = run(*command), run(*command, "--jobs", "2")
    assert (alone.returncode, batch.returncode) == (0, 0)
    assert "3 sessions" in batch.stderr
    assert alone.stdout == batch.stdout
