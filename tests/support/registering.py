"""Packages that register backends and plugins, installed for one test."""

from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest


def register(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, code: str, **names: str
) -> str:
    """Install a package of one module until the test ends.

    Args:
        monkeypatch: The test's fixture.
        folder: The folder to put it in.
        name: The package's name.
        code: The module's code.
        names: Names to register: ``backend="mine"`` for the module's ``mine``.

    Returns:
        The module's name, which no other test uses.
    """
    module = f"registered_{uuid4().hex}"
    place = folder / module
    info = place / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    (place / f"{module}.py").write_text(code)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n"
    )
    lines = [
        f"[replay.{kind}s]\n{each} = {module}:{each}" for kind, each in names.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(place)
    return module


class Install(Protocol):
    """:func:`register`, for the test that asks for the fixture ``install``."""

    def __call__(self, name: str, code: str, **names: str) -> str:
        """Install a package of one module until the test ends."""
