"""Checkpoints for tests, closed after each."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from batch_values import KEY
from replay.batch.checkpoint import Checkpoint

Opening: TypeAlias = Callable[..., Checkpoint]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path for a checkpoint."""
    return tmp_path / "checkpoint.sqlite"


@pytest.fixture
def opening(path: Path) -> Iterator[Opening]:
    """Return a function that closes the last checkpoint, and begins a run of one."""
    last: list[Checkpoint] = []

    def opened(at: Path | None = path, plugins_key: bytes = KEY) -> Checkpoint:
        while last:
            last.pop().close()
        last.append(Checkpoint(at, plugins_key))
        last[0].begin()
        return last[0]

    yield opened
    last[0].close()


@pytest.fixture
def checkpoint(opening: Opening) -> Checkpoint:
    """Return a checkpoint with a new run and no results yet."""
    return opening()
