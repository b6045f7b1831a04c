"""Ordinary text, in which all that is found is a false alarm, except addresses."""

import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

_OTHERS: Final = {"idle_test", "lib2to3", "site-packages", "test", "tests"}


def texts() -> Iterator[str]:
    """Yield the sources and the manual of Python, and what packages say of themselves.

    The interpreter's standard library, without its tests; and the descriptions of all
    packages that are installed beside this one.
    """
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        if not _OTHERS.intersection(path.relative_to(library).parts):
            yield path.read_text("utf-8", "replace")
    for each in sorted(distributions(), key=lambda one: one.name):
        yield each.read_text("METADATA") or ""
