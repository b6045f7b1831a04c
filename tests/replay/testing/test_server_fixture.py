"""The pytest fixture, in a project like its users'."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asking import CHAT, ask
from replay.testing import (
    ServerSettings,
    llamacloud_server,  # noqa: F401 - pytest finds it here
)

SESSION = '{"session_id": "ses-1", "events": [{"type": "text", "content": "Hi."}]}'
CONFTEST = """
import pytest
from replay.testing import llamacloud_server

@pytest.fixture
def llamacloud_sessions():
    return "sessions"
"""
TESTS = """
from asking import CHAT, ask

def test_it(llamacloud_server):
    print("STATUS", ask(llamacloud_server.url, "GET", CHAT).status)
    llamacloud_server.fail_next("503")
    print("STATUS", ask(llamacloud_server.url, "GET", CHAT).status)
    print("FAULTS", [each.fault for each in llamacloud_server.requests])
"""


@pytest.mark.slow
def test_the_fixture_serves_what_a_fixture_of_the_user_names(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "a.json").write_text(SESSION, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-sW", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "STATUS 200\nSTATUS 503\nFAULTS [None, '503']" in done.stdout


class TestWithSettings:
    @pytest.fixture
    def llamacloud_sessions(self, tmp_path: Path) -> Path:
        (tmp_path / "a.json").write_text(SESSION, encoding="utf-8")
        return tmp_path

    @pytest.fixture
    def llamacloud_settings(self) -> ServerSettings:
        return ServerSettings(api_key="llx-right")

    def test_the_server_has_them(self, request: pytest.FixtureRequest) -> None:
        url = request.getfixturevalue("llamacloud_server").url
        allowed = {"Authorization": "Bearer llx-right"}
        assert ask(url, "GET", f"{CHAT}/ses-1", headers=allowed).status == 200
        assert ask(url, "GET", f"{CHAT}/ses-1").status == 401


def test_without_sessions_the_test_fails_and_says_why(
    request: pytest.FixtureRequest,
) -> None:
    with pytest.raises(pytest.fail.Exception, match="define a fixture llamacloud_sess"):
        request.getfixturevalue("llamacloud_server")


class TestBroken:
    @pytest.fixture
    def llamacloud_sessions(self, no_such_fixture: Path) -> Path:
        return no_such_fixture

    def test_a_fixture_of_the_user_that_is_broken_is_told(
        self, request: pytest.FixtureRequest
    ) -> None:
        with pytest.raises(pytest.FixtureLookupError, match="no_such_fixture"):
            request.getfixturevalue("llamacloud_server")


def test_the_suites_need_neither_pytest_nor_the_extra() -> None:
    program = (
        "import sys; sys.modules.update(pytest=None, pydantic=None, starlette=None)\n"
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
