"""The pytest fixture, as its users have it: in a project of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SESSION = '{"session_id": "ses-1", "events": [{"type": "text", "content": "Hi."}]}'
CONFTEST = """
import pytest
from replay.testing import ServerSettings, llamacloud_server

@pytest.fixture
def llamacloud_sessions():
    return "sessions"
"""
SETTINGS = """
@pytest.fixture
def llamacloud_settings():
    return ServerSettings(api_key="llx-right")
"""
BROKEN = """
@pytest.fixture
def llamacloud_sessions(no_such_fixture):
    return "sessions"
"""
TESTS = """
import urllib.error
import urllib.request

def status(server):
    try:
        with urllib.request.urlopen(server.url + "/api/v1/chat", timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code

def test_it(llamacloud_server):
    print("STATUS", status(llamacloud_server))
    llamacloud_server.fail_next("503")
    print("STATUS", status(llamacloud_server))
    print("FAULTS", [each.fault for each in llamacloud_server.requests])
"""


def outcome_of(folder: Path, conftest: str) -> tuple[int, str]:
    """Return the exit code of a project's test run, and what it printed."""
    (folder / "sessions").mkdir()
    (folder / "sessions" / "a.json").write_text(SESSION, encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-sW", "error", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, done.stdout


@pytest.mark.slow
def test_the_fixture_serves_what_a_fixture_of_the_user_names(tmp_path: Path) -> None:
    code, output = outcome_of(tmp_path, CONFTEST)
    assert code == 0, output
    assert "STATUS 200\nSTATUS 503\nFAULTS [None, '503']" in output


@pytest.mark.slow
def test_the_server_has_the_settings_of_the_user(tmp_path: Path) -> None:
    _, output = outcome_of(tmp_path, CONFTEST + SETTINGS)
    assert "STATUS 401\nSTATUS 503" in output


@pytest.mark.slow
def test_without_sessions_the_test_fails_and_says_why(tmp_path: Path) -> None:
    code, output = outcome_of(tmp_path, "from replay.testing import llamacloud_server")
    assert code == 1
    assert "define a fixture llamacloud_sessions" in output


@pytest.mark.slow
def test_a_fixture_of_the_user_that_is_broken_is_told(tmp_path: Path) -> None:
    code, output = outcome_of(tmp_path, CONFTEST + BROKEN)
    assert code == 1
    assert "'no_such_fixture' not found" in output


def test_the_suites_need_neither_pytest_nor_the_extra() -> None:
    program = (
        "import sys; sys.modules.update(pytest=None, starlette=None, uvicorn=None)\n"
        "from replay.testing import BackendContract, PluginContract, odd_histories\n"
        "import replay.testing\n"
        "try: replay.testing.no_such_name\n"
        "except AttributeError as error: print(error)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.stdout == "module 'replay.testing' has no attribute 'no_such_name'\n"
