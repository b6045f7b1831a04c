"""Sessions that share an id: replayed once more, told which of them they are."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias

from replay.batch.checkpoint import Checkpoint
from replay.batch.listing import Listing
from replay.batch.tasks import Job, Repeated, Task
from replay.portions import Portion

_Located: TypeAlias = tuple[Portion, Repeated]
_MOST: Final = 20_000  # sessions of one task


def of_repeated(
    job: Job, listing: Listing, checkpoint: Checkpoint, *, most: int = _MOST
) -> Iterator[Task]:
    """Yield the tasks of all sessions whose ids others have too.

    Alone, each was taken for the only one of its id. What it came to is forgotten, in
    later runs too: it depends on the others.

    Args:
        job: What is replayed.
        listing: Its portions, which were listed before. They are listed once more.
        checkpoint: Knows what all were found to be called.
        most: How many sessions make a task.

    Raises:
        BackendError: The location has changed.
    """
    located = _located(listing, checkpoint.repeated())
    for some in iter(lambda: [*islice(located, most)], []):
        checkpoint.forget(repeated.place for _, repeated in some)
        yield _task(job, some)


def _located(listing: Listing, repeated: Iterator[Repeated]) -> Iterator[_Located]:
    """Yield sessions with the portions that they are in."""
    if (waiting := next(repeated, None)) is None:
        return
    for number, portion in listing.portions():
        while waiting is not None and waiting.place[0] == number:
            yield portion, waiting
            waiting = next(repeated, None)


def _task(job: Job, located: Sequence[_Located]) -> Task:
    portions = {repeated.place[0]: portion for portion, repeated in located}
    places = [repeated.place for _, repeated in located]
    return Task(
        job,
        first=places[0][0],
        portions=tuple(portions.values()),
        numbers=tuple(portions),
        stop=(places[-1][0], places[-1][1] + 1),
        only=frozenset(places),
        repetitions={each.place: each.before for _, each in located},
    )
