import pytest

from replay.batch.pool import Mark, Marks, is_hurried, mark, mark_end, marking


def test_what_is_put_is_read() -> None:
    marks = Marks()
    marks.put((2**31 - 1, 2**32 - 1), "a session")
    assert marks.read() == Mark((2**31 - 1, 2**32 - 1), "a session")


def test_at_first_a_worker_is_at_no_session() -> None:
    assert Marks().read() is None


def test_a_cleared_mark_is_gone() -> None:
    marks = Marks()
    marks.put((0, 0), "a")
    marks.clear()
    assert marks.read() is None


def test_at_the_end_no_session_is_meant() -> None:
    marks = Marks()
    with marking(marks):
        mark((0, 0), "a")
        mark_end()
    mark_end()
    assert marks.read() == Mark(None, "")


def test_another_that_looks_at_the_same_memory_reads_the_mark() -> None:
    worker = Marks()
    leader = Marks(worker.memory, worker.orders)
    worker.put((3, 4), "")
    assert leader.read() == Mark((3, 4), "")


@pytest.mark.parametrize("name", ["\ud83d", "\U0001f600" * 200, "a\0b", "ä" * 199])
def test_any_name_comes_through(name: str) -> None:
    marks = Marks()
    marks.put((0, 0), name)
    assert marks.read() == Mark((0, 0), name)


def test_a_long_name_is_cut_between_characters() -> None:
    marks = Marks()
    marks.put((0, 0), "\U0001f600" * 100_000)
    assert marks.read() == Mark((0, 0), "\U0001f600" * 200)


def test_outside_a_crew_nothing_is_marked() -> None:
    mark((1, 2), "a")
    assert not is_hurried()


def test_what_a_task_marks_is_told_to_its_own_marks() -> None:
    inner, outer = Marks(), Marks()
    with marking(outer):
        with marking(inner):
            mark((1, 2))
        mark((3, 4), "a")
    mark((5, 6))
    assert inner.read() == Mark((1, 2), "")
    assert outer.read() == Mark((3, 4), "a")


def test_a_task_hears_that_it_is_to_hurry() -> None:
    marks = Marks()
    with marking(marks):
        before = is_hurried()
        marks.hurry()
        assert not before
        assert is_hurried()
    assert not is_hurried()


def test_a_watch_is_told_that_a_session_begins_and_the_end() -> None:
    class Counting:
        begun = 0

        def begin(self) -> None:
            self.begun += 1

    watch = Counting()
    with marking(Marks(watch=watch)):
        mark((0, 0))
        mark((0, 1))
        mark_end()
    assert watch.begun == 3
