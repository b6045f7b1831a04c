"""Tasks whose worker died, cut up until one session is alone."""

import attrs

from replay.batch.tasks import Place, Task
from replay.portions import Portion


def cut(task: Task) -> list[Task]:
    """Return a task in two; nothing, where it is of one session.

    Portions are shared out; then the sessions of one portion, of which there are as
    many as it says, or more. Those that are more stay together.
    """
    if task.only is not None:
        return _parts_of(task, sorted(task.only))
    numbered = [*task.numbered()]
    if len(numbered) > 1:
        return _at(task, (numbered[len(numbered) // 2][0], 0))
    return [
        part for number, portion in numbered for part in _within(task, number, portion)
    ]


def alone(task: Task, place: Place) -> Task:
    """Return the task of one session."""
    return attrs.evolve(task, only=frozenset([place]), without=frozenset())


def _within(task: Task, number: int, portion: Portion) -> list[Task]:
    """Return the task of one portion in two."""
    begin = task.start[1] if task.start[0] == number else 0
    if task.stop is not None and task.stop[0] == number:
        end = task.stop[1]
    else:
        end = portion.sessions + 1  # all that is more counts as one
    return _at(task, (number, (begin + end) // 2)) if end - begin > 1 else []


def _at(task: Task, place: Place) -> list[Task]:
    return [attrs.evolve(task, stop=place), attrs.evolve(task, start=place)]


def _parts_of(task: Task, places: list[Place]) -> list[Task]:
    middle = len(places) // 2
    parts = (places[:middle], places[middle:])
    return [attrs.evolve(task, only=frozenset(part)) for part in parts if middle]
