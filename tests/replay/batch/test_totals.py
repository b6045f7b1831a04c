"""What a batch came to, in numbers."""

from collections.abc import Callable

from batch_values import digested, done, found, place_of, problem, task, worked
from replay.batch.checkpoint import Checkpoint, Totals
from replay.batch.tasks import Counts


def test_an_empty_run_comes_to_nothing(checkpoint: Checkpoint) -> None:
    assert checkpoint.totals() == Totals()


def test_counts_add_up(checkpoint: Checkpoint) -> None:
    checkpoint.keep(task(0, 150))
    counts = Counts(450, 6000, 1350, 150)
    assert checkpoint.totals() == Totals(sessions=150, done=150, counts=counts)


def test_each_place_is_counted_once(opening: Callable[..., Checkpoint]) -> None:
    opening().keep(task(0, 2))
    checkpoint = opening()
    checkpoint.place_known(digested(found(0), found(1), found(2), problem(3)))
    checkpoint.keep(worked(done(2), problem(3), problem(4)))
    poison = problem(5, "crashed", is_quarantined=True)
    checkpoint.keep(worked(poison, poison))
    totals = checkpoint.totals()
    assert (totals.known, totals.done) == (2, 1)
    assert (totals.failed, totals.quarantined) == (2, 1)
    assert totals.sessions == 6
    assert totals.counts == Counts(9, 120, 27, 3)


def test_what_plugins_failed_in_is_done(checkpoint: Checkpoint) -> None:
    checkpoint.keep(worked(done(0, errors=("one", "two"))))
    totals = checkpoint.totals()
    assert (totals.sessions, totals.done, totals.failed) == (1, 1, 0)


def test_what_failed_when_it_was_replayed_again_failed(checkpoint: Checkpoint) -> None:
    checkpoint.keep(task(0, 2))
    checkpoint.forget([place_of(0)])
    checkpoint.keep(worked(problem(0)))
    totals = checkpoint.totals()
    assert (totals.sessions, totals.done, totals.failed) == (2, 1, 1)
