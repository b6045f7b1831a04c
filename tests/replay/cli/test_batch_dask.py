"""``replay run --dask``."""

import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import LocalCluster

from batches import directory_of, plugin_at
from replay_command import INTERRUPTIBLE, Run

USAGE = ("--plugin", "usage:output=usage.json,json=true")
#: A plugin that reports that it runs, and waits until it is released.
WAITS = """
import pathlib
def replay_session_start():
    with open(pathlib.Path(__file__).with_name("pipe"), "w") as pipe:
        print("ready", file=pipe, flush=True)
    with open(pathlib.Path(__file__).with_name("again")) as pipe:
        pipe.read()
"""


@contextmanager
def scheduler(*, processes: bool) -> Iterator[str]:
    """Yield the address of a scheduler with two workers: processes or threads."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def cluster() -> Iterator[str]:
    with scheduler(processes=True) as address:
        yield address


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return directory_of(tmp_path / "sessions", {name: name for name in "abcd"})


@pytest.mark.parametrize(
    "processes", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_a_cluster_does_what_processes_do(
    run: Run, sessions: Path, tmp_path: Path, *, processes: bool
) -> None:
    written = []
    with scheduler(processes=processes) as address:
        for workers in (("--jobs", "1"), ("--dask", address)):
            done = run("run", sessions, *USAGE, *workers, cwd=tmp_path)
            assert (done.returncode, done.stderr.count("\n")) == (0, 1)
            assert done.stderr.startswith("replay: 4 sessions: 4 replayed now, ")
            written.append((tmp_path / "usage.json").read_bytes())
    assert written[0] == written[1]


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_the_cluster(
    cluster: str, sessions: Path, tmp_path: Path
) -> None:
    for name in ("pipe", "again"):
        os.mkfifo(tmp_path / name)
    plugin = plugin_at(tmp_path / "waits.py", WAITS)
    options = ("--plugin", plugin, "--dask", cluster, "--checkpoint", tmp_path / "kept")
    with subprocess.Popen(  # noqa: S603 - our own command
        [*INTERRUPTIBLE, "run", sessions, *options],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        with (tmp_path / "pipe").open() as pipe:
            assert pipe.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr
        said = process.stderr.read()
        assert process.wait(60) == 130
    (tmp_path / "again").open("w").close()  # the workers are free again
    assert said.startswith(b"replay: interrupted: what was done is kept, 0 sessions; ")
    assert said.count(b"\n") == 1
