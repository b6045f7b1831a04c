"""Ordinary text, in which all that is found is a false alarm, except addresses."""

import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

_OTHERS: Final = {"idle_test", "lib2to3", "site-packages", "test", "tests"}


#: The directory of the interpreter's standard library.
LIBRARY: Final = Path(sysconfig.get_path("stdlib"))


def texts(directory: Path) -> Iterator[str]:
    """Yield the Python sources in a directory, and what packages say of themselves.

    The sources are without tests; the packages are all that are installed beside this
    one.
    """
    for path in sorted(directory.rglob("*.py")):
        if not _OTHERS.intersection(path.relative_to(directory).parts):
            yield path.read_text("utf-8", "replace")
    for each in sorted(distributions(), key=lambda one: one.name):
        yield each.read_text("METADATA") or ""
