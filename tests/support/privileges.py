"""Blocks without root's privileges."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run the block as the user who runs the tests, or as nobody if that is root."""
    user = os.geteuid()
    os.seteuid(user or _NOBODY)
    try:
        _skip_if_unreadable()
        yield
    finally:
        os.seteuid(user)


@contextmanager
def public_folder() -> Iterator[Path]:
    """Yield a new directory that everybody can reach, unlike pytest's."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def _skip_if_unreadable() -> None:
    """Skip the test if only root can read the code that it runs."""
    for place in Path(__file__).parent, Path(sys.prefix):
        if not os.access(place, os.R_OK, effective_ids=True):
            pytest.skip(f"{place} can be read by root only")
