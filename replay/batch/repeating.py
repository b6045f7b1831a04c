"""Sessions that share an id: replayed once more, together and in order."""

from collections.abc import Iterator, Sequence

from replay.batch.checkpoint import Checkpoint
from replay.batch.listing import Listing
from replay.batch.tasks import Job, Place, Task

_MOST = 5_000  # sessions of one task, but for those of a single id


def of_repeated(
    job: Job, listing: Listing, checkpoint: Checkpoint, *, most: int = _MOST
) -> Iterator[Task]:
    """Yield the tasks of all sessions whose ids others have too.

    Alone, each was taken for the only one of its id. What it came to is forgotten, in
    later runs too: it depends on the others.

    Args:
        job: What is replayed.
        listing: Its portions, which were listed before.
        checkpoint: Knows what all were found to be called.
        most: How many sessions make a task; those of one id stay together.

    Raises:
        BackendError: The location has changed.
    """
    waiting: list[Place] = []
    for places in checkpoint.repeated():
        waiting += places
        if len(waiting) >= most:
            yield _task(job, listing, checkpoint, waiting)
            waiting = []
    if waiting:
        yield _task(job, listing, checkpoint, waiting)


def _task(
    job: Job, listing: Listing, checkpoint: Checkpoint, places: Sequence[Place]
) -> Task:
    checkpoint.forget(places)
    numbers = {number for number, _ in places}
    found = [each for each in listing.portions() if each[0] in numbers]
    return Task(
        job,
        first=found[0][0],
        portions=tuple(portion for _, portion in found),
        numbers=tuple(number for number, _ in found),
        only=frozenset(places),
        is_of_repeated=True,
    )
