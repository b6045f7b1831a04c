"""Permission to keep in temporary files what can be read only once.

Backends keep there what is too long for memory. What must not reach a disk is kept in
memory, however long it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_refused = 0  # how many ask for memory only


@contextmanager
def memory_only() -> Iterator[None]:
    """Keep all backends of this process from using temporary files within the block."""
    _add(1)
    try:
        yield
    finally:
        _add(-1)


def may_use_disk() -> bool:
    """Tell whether temporary files may be used."""
    return not _refused


def _add(count: int) -> None:
    global _refused  # noqa: PLW0603 - a matter of the whole process, its threads too
    with _lock:
        _refused += count
