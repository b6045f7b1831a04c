"""Sessions of the service in portions: some dozens each, to be fetched at once."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Final, NoReturn

from replay.errors import BackendError, ReplayError
from replay.portioning import GUESSED_SIZE, digest_of
from replay.portions import DIGEST_SIZE, Portion, Stored
from replay.sessions import Session, SessionSummary

_MOST: Final = 64  # sessions


def portions_of(summaries: Iterable[SessionSummary]) -> Iterator[Portion]:
    """Yield portions of sessions, as they are listed."""
    ids = (summary.session_id for summary in summaries)
    while key := tuple(islice(ids, _MOST)):
        yield Portion(key, len(key) * GUESSED_SIZE, len(key))


def ids_in(portion: Portion, source: str) -> list[str]:
    """Return the ids of a portion's sessions.

    Args:
        portion: One that :func:`portions_of` yielded.
        source: What messages call the service.

    Raises:
        BackendError: It is another one.
    """
    ids = [each for each in portion.key if isinstance(each, str)]
    if len(ids) != len(portion.key) or not ids:
        raise BackendError(source, f"it has no portion {portion.key!a}")
    return ids


def fetched(session: Callable[[str], Session], session_id: str) -> Stored:
    """Return a session as it is stored; one that cannot be had fails when it is read.

    Args:
        session: Fetches it.
        session_id: What it is called.
    """
    try:
        found = session(session_id)
    except ReplayError as error:
        return Stored(session_id, bytes(DIGEST_SIZE), partial(_raise, error))
    return Stored(session_id, digest_of(found), lambda: found)


def _raise(error: ReplayError) -> NoReturn:
    raise error
