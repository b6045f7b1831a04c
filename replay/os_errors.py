"""What the operating system refuses, as an error of this library."""

from collections.abc import Iterator
from contextlib import contextmanager

from replay.errors import BackendError, ReplayError


@contextmanager
def os_errors_of(source: str) -> Iterator[None]:
    """Turn what the system refuses within the block into a BackendError.

    Args:
        source: The file or directory that the block works on.
    """
    try:
        yield
    except ReplayError:
        raise
    except (OSError, ValueError) as error:  # ValueError: no file can have that name
        raise os_failure(source, error) from error


def os_failure(source: str, error: OSError | ValueError) -> BackendError:
    """Return the error that says what the system refused.

    Args:
        source: The file or directory.
        error: What it raised.
    """
    reason = getattr(error, "strerror", None) or str(error)
    return BackendError(source, reason[:1].lower() + reason[1:])
