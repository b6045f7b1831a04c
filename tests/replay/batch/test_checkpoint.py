"""What a batch has done, kept in a file as it goes on."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import attrs
import pytest

from batch_values import digested, done, found, place_of, problem, task, worked
from file_room import room_for
from replay.batch.checkpoint import Checkpoint
from replay.batch.tasks import Place, Problem, Repeated
from replay.errors import CheckpointError

Opening = Callable[..., Checkpoint]


def values_of(checkpoint: Checkpoint) -> list[object]:
    return [result.value for result in checkpoint.results(0)]


def missing(checkpoint: Checkpoint, *numbers: int) -> list[Place]:
    return checkpoint.place_known(digested(*map(found, numbers)))


def test_the_version_is_shown_without_checkpoints() -> None:
    program = (
        "import sys; from replay.cli import main; sys.argv = ['replay', '--version']\n"
        "try: main()\nfinally: assert not [m for m in sys.modules if 'checkpoint' in m]"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own


def test_what_was_kept_comes_in_order_of_place(checkpoint: Checkpoint) -> None:
    checkpoint.keep(worked(done(205), done(7)))
    checkpoint.keep(worked(done(31)))
    assert values_of(checkpoint) == [7, 31, 205]


def test_a_new_checkpoint_has_no_results(checkpoint: Checkpoint) -> None:
    assert not checkpoint.has_results


def test_results_are_known_to_the_next_run(opening: Opening) -> None:
    opening().keep(task(0, 3))
    checkpoint = opening()
    assert checkpoint.has_results
    assert missing(checkpoint, 0, 1, 5, 2, 4) == [place_of(5), place_of(4)]
    assert values_of(checkpoint) == [0, 1, 2]


def test_a_session_that_moved_is_known_at_its_new_place(opening: Opening) -> None:
    opening().keep(task(0, 3))
    checkpoint = opening()
    moved = attrs.evolve(found(1), place=(9, 9))
    assert checkpoint.place_known(digested(found(2), moved)) == []
    assert values_of(checkpoint) == [2, 1]


def test_a_session_that_changed_or_was_renamed_is_not_known(opening: Opening) -> None:
    opening().keep(task(0, 3))
    checkpoint = opening()
    changed = attrs.evolve(found(0), digest=bytes(16))
    renamed = attrs.evolve(found(1), name="other")
    assert checkpoint.place_known(digested(changed, renamed)) == [(0, 0), (0, 1)]


def test_a_session_that_is_gone_has_no_place(opening: Opening) -> None:
    opening().keep(task(0, 3))
    checkpoint = opening()
    missing(checkpoint, 0, 2)
    assert values_of(checkpoint) == [0, 2]


def test_other_plugins_know_nothing_and_forget_nothing(opening: Opening) -> None:
    opening().keep(task(0, 3))
    other = opening(plugins_key=b"other")
    assert not other.has_results
    assert missing(other, 0, 1) == [place_of(0), place_of(1)]
    assert missing(opening(), 0, 1, 2) == []


def test_a_session_done_now_is_not_known_now(checkpoint: Checkpoint) -> None:
    checkpoint.keep(task(0, 1))
    assert missing(checkpoint, 0) == [place_of(0)]


def test_what_plugins_failed_in_counts_now_and_is_done_again(opening: Opening) -> None:
    first = opening()
    first.keep(worked(done(0, errors=("one", "two")), done(1)))
    assert values_of(first) == [0, 1]
    assert [(p.code, p.reason, p.name) for p in first.problems()] == [
        ("plugin-error", "one", "ses-00000"),
        ("plugin-error", "two", "ses-00000"),
    ]
    assert missing(opening(), 0, 1) == [place_of(0)]


def test_a_run_of_failed_plugins_alone_leaves_no_results(opening: Opening) -> None:
    opening().keep(worked(done(0, errors=("one",))))
    assert not opening().has_results


def test_problems_come_in_order_of_place(checkpoint: Checkpoint) -> None:
    late, early = problem(300), problem(5, "crashed", is_quarantined=True)
    checkpoint.keep(worked(late))
    checkpoint.keep(worked(early, done(7)))
    assert list(checkpoint.problems()) == [early, late]


def test_the_problems_of_an_earlier_run_are_forgotten(opening: Opening) -> None:
    opening().keep(worked(problem(0)))
    assert list(opening().problems()) == []


def test_what_cannot_be_digested_is_a_problem(opening: Opening) -> None:
    opening().keep(task(0, 1))
    checkpoint = opening()
    assert checkpoint.place_known(digested(found(0), problem(1))) == []
    assert list(checkpoint.problems()) == [problem(1)]


def test_a_result_takes_the_place_of_a_problem(checkpoint: Checkpoint) -> None:
    checkpoint.keep(worked(problem(0)))
    checkpoint.keep(worked(done(0)))
    assert list(checkpoint.problems()) == []
    assert values_of(checkpoint) == [0]


def test_a_problem_takes_the_place_of_a_result(checkpoint: Checkpoint) -> None:
    checkpoint.keep(worked(done(0)))
    checkpoint.keep(worked(problem(0)))
    assert list(checkpoint.problems()) == [problem(0)]
    assert values_of(checkpoint) == []


def test_a_result_takes_the_place_of_a_result(checkpoint: Checkpoint) -> None:
    checkpoint.keep(worked(done(0)))
    checkpoint.keep(worked(done(0, values=b"[1]")))
    assert values_of(checkpoint) == [1]


@pytest.mark.parametrize("text", ["\ud83d", "a\0b", "x" * 100_000, "", "é\n"])
def test_any_text_comes_back(checkpoint: Checkpoint, text: str) -> None:
    wrong = Problem((1, 0), text, text, text)
    named = attrs.evolve(done(0, text), found=attrs.evolve(found(0), name=text))
    checkpoint.keep(worked(attrs.evolve(named, session_id=text), wrong))
    (result,) = checkpoint.results(0)
    assert result.session_id == text
    assert list(checkpoint.problems()) == [wrong]


def test_names_and_digests_are_told_apart_wherever_one_ends(opening: Opening) -> None:
    cut = attrs.evolve(found(0), name="bc", digest=b"a")
    opening().keep(worked(attrs.evolve(done(0), found=cut)))
    other = attrs.evolve(found(0), name="c", digest=b"ab")
    assert opening().place_known(digested(other)) == [place_of(0)]


class TestRepeated:
    def test_ids_of_several_places_are_found(self, checkpoint: Checkpoint) -> None:
        checkpoint.keep(worked(done(250, "b"), done(1, "a"), done(2, "c")))
        checkpoint.keep(worked(done(3, "b"), done(4, "a"), done(5, "b")))
        places = [(0, 1), (0, 3), (0, 4), (0, 5), (2, 50)]
        assert [each.place for each in checkpoint.repeated()] == places
        assert [each.before for each in checkpoint.repeated()] == [0, 0, 1, 1, 2]

    def test_where_no_id_is_repeated_there_is_none(
        self, checkpoint: Checkpoint
    ) -> None:
        checkpoint.keep(task(0, 100))
        assert list(checkpoint.repeated()) == []

    def test_they_can_be_replayed_while_they_are_listed(
        self, checkpoint: Checkpoint
    ) -> None:
        checkpoint.keep(worked(*(done(n, f"twin-{n % 50:02}") for n in range(100))))
        for each in checkpoint.repeated():
            checkpoint.forget([each.place])
            number = each.place[1]
            again = done(number, f"twin-{number % 50:02}", b"[-1]")
            checkpoint.keep(worked(again))
        assert values_of(checkpoint) == [-1] * 100

    def test_what_was_forgotten_has_no_result(self, checkpoint: Checkpoint) -> None:
        checkpoint.keep(task(0, 3))
        checkpoint.forget([(0, 0), (0, 2)])
        assert values_of(checkpoint) == [1]
        assert checkpoint.totals().sessions == 1

    def test_what_was_forgotten_is_not_known(self, opening: Opening) -> None:
        opening().keep(task(0, 3))
        second = opening()
        missing(second, 0, 1)
        second.forget([place_of(0)])
        assert missing(second, 0, 2) == [place_of(0)]
        assert missing(opening(), 0, 1) == [place_of(0)]

    def test_its_problems_are_forgotten_too(self, checkpoint: Checkpoint) -> None:
        checkpoint.keep(worked(done(0, errors=("one",))))
        checkpoint.forget([place_of(0)])
        assert list(checkpoint.problems()) == []

    def test_what_was_replayed_again_is_of_this_run_only(
        self, opening: Opening
    ) -> None:
        first = opening()
        first.keep(worked(done(0, "a"), done(1, "a"), done(2)))
        first.forget([(0, 0), (0, 1)])
        first.keep(worked(done(0, "a"), done(1, "a", b"[-1]")))
        assert values_of(first) == [0, -1, 2]
        assert missing(opening(), 0, 1, 2) == [(0, 0), (0, 1)]

    def test_twins_of_one_content_can_differ(self, opening: Opening) -> None:
        twin = attrs.evolve(found(0), place=(5, 5))
        first = opening()
        first.keep(worked(done(0, "a"), attrs.evolve(done(0, "a"), found=twin)))
        second = opening()
        assert second.place_known(digested(found(0), twin)) == []
        assert list(second.repeated()) == [Repeated((0, 0), 0), Repeated((5, 5), 1)]
        second.forget([(0, 0), (5, 5)])
        changed = attrs.evolve(done(0, "a", b"[1]"), found=twin)
        second.keep(worked(done(0, "a"), changed))
        assert values_of(second) == [0, 1]


def test_a_full_disk_loses_only_what_was_not_kept(opening: Opening) -> None:
    checkpoint = opening()
    checkpoint.keep(task(0, 100))
    large = worked(done(100, values=b"[%s]" % (b"1" * 200_000)))
    with room_for(100_000), pytest.raises(CheckpointError, match="the disk is full"):
        checkpoint.keep(large)
    assert len(values_of(checkpoint)) == 100
    checkpoint.keep(task(100, 200))
    checkpoint.close()
    assert missing(opening(), *range(200)) == []


def test_an_answer_that_cannot_be_kept_is_not_kept_in_part(
    checkpoint: Checkpoint,
) -> None:
    wrong = attrs.evolve(done(1), session_id=None)  # type: ignore[arg-type]  # the point
    with pytest.raises(AttributeError):
        checkpoint.keep(worked(done(0), wrong))
    assert values_of(checkpoint) == []
    checkpoint.keep(task(0, 1))
    assert values_of(checkpoint) == [0]


def test_a_temporary_one_does_all_that_others_do(opening: Opening) -> None:
    checkpoint = opening(None)
    checkpoint.keep(worked(done(0, "a"), done(1, "a"), problem(2)))
    checkpoint.forget([each.place for each in checkpoint.repeated()])
    checkpoint.keep(worked(done(1, "a")))
    assert values_of(checkpoint) == [1]
    assert checkpoint.totals().sessions == 2


def test_closing_twice_is_harmless(checkpoint: Checkpoint) -> None:
    checkpoint.close()
    checkpoint.close()


def test_a_closed_one_says_so(checkpoint: Checkpoint) -> None:
    checkpoint.close()
    with pytest.raises(CheckpointError, match="closed database"):
        checkpoint.keep(task(0, 1))


def test_a_walk_that_was_left_does_not_hold_the_file(opening: Opening) -> None:
    checkpoint = opening()
    checkpoint.keep(task(0, 10))
    walks = [iter(checkpoint.results(0)), checkpoint.repeated(), checkpoint.problems()]
    next(walks[0])
    checkpoint.close()
    assert missing(opening(), 3) == []


@pytest.mark.slow
def test_walking_and_keeping_take_no_memory_for_each_session(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.keep(task(0, 500))
    tracemalloc.start()
    try:
        for start in range(500, 10_000, 500):
            checkpoint.keep(task(start, start + 500))
        assert sum(1 for _ in checkpoint.results(0)) == 10_000
        assert sum(1 for _ in checkpoint.repeated()) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # what a task takes
