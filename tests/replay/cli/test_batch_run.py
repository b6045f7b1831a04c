"""``replay run`` as a batch."""

import json
from pathlib import Path

import pytest

from batches import directory_of, document, lines_of, plugin_at
from fake_secrets import SECRETS
from replay_command import Run

(SECRET,) = SECRETS["llamacloud-key"]
PRINTS = "def replay_text(message): print(message.content, flush=True)\n"
FAILS = (
    "def replay_text(message):\n    if message.content == '2': raise KeyError('no')\n"
)
CRASHES = (
    "import os\ndef replay_text(message):\n    if message.content == '2': os.abort()\n"
)
FORKS = """
import os
at = []
def replay_session_start(session):
    at[:] = [int(session.session_id)]
    if at[0] % 100 == 50: os.fork()
def replay_batch_result(): return at[0]
def replay_batch_merge(results):
    print(sum(each.value for each in results), flush=True)
    os.fork()
"""
THREE = {"a": "1", "b": "2", "c": "3"}
ALL = (
    "replay: 3 sessions: 3 replayed now, 0 known from before, 0 failed, 0 quarantined; "
)
USAGE = ("--plugin", "usage:output=usage.json,json=true")


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Return a directory of three sessions."""
    return directory_of(tmp_path / "sessions", THREE)


def test_sessions_are_replayed_and_summed_up(
    process: Run, sessions: Path, tmp_path: Path
) -> None:
    plugin_at(tmp_path / "prints.py", PRINTS)
    options = ("--plugin", "prints.py", "--jobs", "1")
    done = process("run", sessions.name, *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1\n2\n3\n")
    assert done.stderr.startswith(ALL)
    assert done.stderr.count("\n") == 1


def test_output_and_report_are_the_same_whoever_works(
    run: Run, sessions: Path, tmp_path: Path
) -> None:
    written = []
    for workers in (("--keep-going",), ("--jobs", "1"), ("--jobs", "2")):
        run("run", sessions, *USAGE, *workers, "--report", "r.json", cwd=tmp_path)
        report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
        assert [*report.pop("times")] == ["seconds"]
        usage = (tmp_path / "usage.json").read_text(encoding="utf-8")
        written.append((json.dumps(report), usage))
    assert written[0] == written[1] == written[2]


def test_a_session_that_fails_ends_the_batch(
    run: Run, sessions: Path, tmp_path: Path
) -> None:
    plugin = plugin_at(tmp_path / "fails.py", FAILS)
    report = tmp_path / "report.json"
    options = ("--plugin", plugin, "--jobs", "1", "--report", report)
    done = run("run", sessions, *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("replay: error: session 'b', plugin-error: ")
    assert done.stderr.count("\n") == 1
    assert not report.exists()


@pytest.mark.parametrize(
    ("option", "numbers"),
    [
        ("--keep-going", "2 replayed now, 0 known from before, 1 failed"),
        ("--on-plugin-error=isolate", "3 replayed now, 0 known from before, 0 failed"),
    ],
)
def test_sessions_that_fail_can_be_passed_by(
    run: Run, sessions: Path, tmp_path: Path, option: str, numbers: str
) -> None:
    plugin = plugin_at(tmp_path / "fails.py", FAILS)
    done = run("run", sessions, "--plugin", plugin, "--jobs", "1", option)
    assert done.returncode == 1
    problem, summary = done.stderr.splitlines()
    assert problem.startswith("replay: error: b: plugin-error: plugin ")
    assert numbers in summary


def test_a_session_that_kills_its_worker_is_quarantined(
    process: Run, sessions: Path, tmp_path: Path
) -> None:
    plugin = plugin_at(tmp_path / "crashes.py", CRASHES)
    done = process("run", sessions, "--plugin", plugin, "--jobs", "2")
    assert done.returncode == 1
    problem, summary = done.stderr.splitlines()
    assert problem.startswith("replay: error: b: crashed, quarantined: killed by ")
    assert "2 replayed now, 0 known from before, 0 failed, 1 quarantined" in summary


@pytest.mark.parametrize("workers", [("--keep-going",), ("--jobs", "2")])
def test_a_plugin_whose_forked_child_comes_back_costs_no_session(
    process: Run, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    sessions = lines_of(tmp_path / "s.jsonl", [(f"{n}", "") for n in range(300)])
    plugin = plugin_at(tmp_path / "forks.py", FORKS)
    done = process("run", sessions, "--plugin", plugin, *workers)
    assert (done.returncode, done.stdout) == (0, f"{sum(range(300))}\n")
    assert "300 sessions: 300 replayed now" in done.stderr
    assert done.stderr.count("a plugin forked a process that came back") == 4


def test_a_session_that_cannot_be_read_exits_with_2(run: Run, sessions: Path) -> None:
    (sessions / "b.json").write_text("[not JSON", encoding="utf-8")
    done = run("run", sessions, "--plugin", "usage", "--jobs", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("replay: error: ") == done.stderr.count("\n") == 1
    assert "b.json" in done.stderr


def test_strictness_reaches_the_workers(run: Run, sessions: Path) -> None:
    odd = {**document("odd"), "events": [{"type": "video"}]}
    (sessions / "odd.json").write_text(json.dumps(odd), encoding="utf-8")
    command = ("run", sessions, "--plugin", "usage", "--jobs", "1")
    assert run(*command).returncode == 0
    assert run(*command, "--strict").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("workers", [("--keep-going",), ("--jobs", "1")])
def test_with_redact_no_secret_is_told(
    process: Run, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    sessions = directory_of(tmp_path / "sessions", THREE)
    secret = {**document("d"), "events": [{"type": SECRET}]}
    name = f"{SECRET}.json"
    (sessions / name).write_text(json.dumps(secret), encoding="utf-8")
    options = ("--strict", *workers, "--report", "-")
    assert SECRET in process("run", sessions, "--plugin", "usage", *options).stderr
    options = ("--plugin", "redact", *options)
    for more in ((), ("--keep-going",)):
        done = process("run", sessions, *options, *more)
        assert done.returncode in {1, 2}
        assert "no event has the type" in done.stderr
        assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--plugin", "usge"], "did you mean 'usage'?"),
        (["--plugin", "usage:jsn=true"], "'jsn'"),
        (["--plugin", "transcript_writer:jsn=true"], "'jsn'"),
        (["--plugin", "missing.py"], "there is no such file"),
        (["--plugin", "broken.py"], "cannot be imported: RuntimeError: at import"),
        (["--plugin", ""], "a plugin's name is empty"),
        (["--plugin", "usage", "--checkpoint", "."], "it isn't a regular file"),
        (["--plugin", "usage", "--checkpoint", "broken.py"], "it isn't a checkpoint"),
        (["--plugin", "usage", "--checkpoint", "no/where"], "no such file"),
        (["--plugin", "usage", "--gather", "no/where"], "no/where"),
        (["--plugin", "usage", "--gather", "broken.py"], "it isn't a checkpoint"),
        (["--plugin", "usage", "--report", "."], "is a directory"),
        (["--plugin", "usage", "--report", "no/where"], "no such file"),
        (["--plugin", "usage", "--memory-limit", "1K"], "isn't enough"),
        (["--plugin", "usage", "--shard", "2/1"], "isn't i/n"),
        (["--plugin", "usage", "--dask", "127.0.0.1:1"], "--jobs and --dask"),
    ],
)
def test_what_cannot_be_used_exits_with_2(
    run: Run, sessions: Path, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    plugin_at(tmp_path / "broken.py", "raise RuntimeError('at import')\n")
    done = run("run", sessions, "--jobs", "1", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert done.stderr.count("replay: error: ") == done.stderr.count("\n") == 1


def test_standard_input_makes_no_batch(run: Run) -> None:
    for workers in ("--keep-going", "--jobs=1"):
        done = run("run", "-", "--plugin", "usage", workers, stdin="[]")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("replay: error: standard input: ")
        assert done.stderr.count("\n") == 1
