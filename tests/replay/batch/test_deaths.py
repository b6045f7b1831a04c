import signal
import time

import attrs
import pytest

from poison import job, task_of
from replay.batch.pool import Mark, Marks
from replay.batch.resource_limits import EXIT_CODE, death, ending, quarantined
from replay.batch.tasks import Problem, Worked


def marks_at(name: str = "") -> Marks:
    marks = Marks()
    marks.put((5, 2), name)
    return marks


def marks_at_end() -> Marks:
    marks = Marks()
    marks.put_end()
    return marks


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-signal.SIGSEGV, "killed by SIGSEGV (segmentation fault)"),
        (-signal.SIGABRT, "killed by SIGABRT (aborted)"),
        (-signal.SIGKILL, "killed by SIGKILL: by somebody, or by the system for"),
        (-signal.SIGRTMIN - 5, "killed by signal 39"),
    ],
)
def test_the_way_a_process_ended_is_told_in_words(exit_code: int, words: str) -> None:
    assert ending(exit_code).startswith(words)


def test_a_crash_tells_the_session() -> None:
    died = death(-signal.SIGSEGV, marks_at("a"), job())
    assert (died.mark, died.code) == (Mark((5, 2), "a"), "crashed")
    assert str(died) == "a worker died: killed by SIGSEGV (segmentation fault)"


def test_a_death_between_sessions_tells_none() -> None:
    assert death(3, Marks(), job()).mark is None


def test_a_lack_of_memory_tells_the_limit() -> None:
    marks = marks_at()
    marks.ends[1] = True
    died = death(1, marks, job(memory=512 << 20))
    assert (died.code, died.reason) == ("out-of-memory", "needed more than 512 MiB")


def test_a_lack_of_memory_needs_no_limit() -> None:
    marks = marks_at()
    marks.ends[1] = True
    assert death(1, marks, job()).reason == "needed more than the memory that there is"


def test_an_end_after_the_deadline_is_for_lack_of_time() -> None:
    marks = marks_at()
    marks.ends[0] = time.monotonic_ns()
    died = death(EXIT_CODE, marks, job(seconds=60))
    assert (died.code, died.reason) == ("out-of-time", "took longer than 60 s")


@pytest.mark.parametrize(
    ("exit_code", "later"), [(EXIT_CODE, 10**15), (-signal.SIGKILL, 0)]
)
def test_any_other_end_is_a_crash(exit_code: int, later: int) -> None:
    marks = marks_at()
    marks.ends[0] = time.monotonic_ns() + later
    assert death(exit_code, marks, job(seconds=60)).code == "crashed"


def test_a_session_is_quarantined_with_the_reason() -> None:
    worked = quarantined(task_of("x", first=5), death(3, marks_at("a"), job()))
    problem = Problem((5, 2), "a", "crashed", "ended with exit code 3", True)  # noqa: FBT003 - is_quarantined
    assert worked == Worked((), (problem,))


def test_without_a_name_its_portion_is_named() -> None:
    worked = quarantined(task_of("w", "x", first=4), death(3, marks_at(), job()))
    assert worked.problems[0].name == "x"


def test_without_a_mark_the_first_session_is_meant() -> None:
    died = death(3, Marks(), job())
    only = task_of("w", "x", first=4)
    assert quarantined(only, died).problems[0].place == (4, 0)


def test_at_the_end_the_first_session_is_meant() -> None:
    died = death(3, marks_at_end(), job())
    task = attrs.evolve(task_of("w", "x", first=4), start=(0, 0))
    assert quarantined(task, died).problems[0].place == (4, 0)


def test_of_a_portion_that_was_begun_the_next_session_is_meant() -> None:
    died = death(3, marks_at_end(), job())
    task = attrs.evolve(task_of("w", "x", first=4), start=(5, 7))
    assert quarantined(task, died).problems[0].place == (5, 7)


def test_a_session_that_the_task_does_not_have_is_not_meant() -> None:
    task = attrs.evolve(task_of("w", "x", first=4), only=frozenset({(5, 1)}))
    worked = quarantined(task, death(3, marks_at("another"), job()))
    assert (worked.problems[0].place, worked.problems[0].name) == ((5, 1), "x")


def test_a_portion_is_named_wherever_it_stands_in_its_task() -> None:
    task = attrs.evolve(task_of("w", "x", first=2), numbers=(2, 5))
    worked = quarantined(task, death(3, marks_at(), job()))
    assert worked.problems[0].name == "x"


def test_without_a_mark_the_only_session_is_meant() -> None:
    task = attrs.evolve(task_of("w", "x", first=4), only=frozenset({(5, 3)}))
    worked = quarantined(task, death(3, Marks(), job()))
    assert (worked.problems[0].place, worked.problems[0].name) == ((5, 3), "x")
