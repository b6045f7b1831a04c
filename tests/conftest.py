"""Fixtures for all tests, and the settings of Hypothesis."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from registering import Install, register
from replay_command import Run, run_apart, run_here
from shared_data import shared_folder

settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of test data beside the checkout, or skip the test."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"the shared test data is not there: {folder}")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep indexes out of the cache of the user who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def run() -> Run:
    """Return a function that runs the command here, with files as its streams."""
    return run_here


@pytest.fixture
def process() -> Run:
    """Return a function that runs the command in its own process, with pipes."""
    return run_apart


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Install:
    """Return a function that installs a package with backends or plugins."""
    return partial(register, monkeypatch, tmp_path)
