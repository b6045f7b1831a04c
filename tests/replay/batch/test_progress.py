"""How far a batch has come."""

from replay.batch.progress import BatchProgress, Watched


def test_what_was_done_adds_up() -> None:
    watched = Watched(None)
    watched.add(replayed=2, failed=1)
    watched.add(replayed=3, known=4, quarantined=5)
    watched.expect(6)
    assert watched.progress == BatchProgress(5, 4, 1, 5, 6)


def test_who_watches_is_told_each_time() -> None:
    told: list[BatchProgress] = []
    watched = Watched(told.append)
    watched.add(replayed=1)
    watched.expect(2)
    assert told == [BatchProgress(1), BatchProgress(1, expected=2)]
