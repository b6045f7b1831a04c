"""Tasks whose worker died, cut up until one session is alone."""

import attrs

from replay.batch.tasks import Place, Task


def cut(task: Task) -> list[Task]:
    """Return a task in two; where it cannot be cut, nothing.

    Portions are shared out. The sessions of one portion are cut in half where it is
    known, or thought, how many there are; then one after another.
    """
    if task.only is not None:
        return _parts_of(task, sorted(task.only))
    numbers = [number for number, _ in task.numbered()]
    if len(numbers) > 1:
        return _at(task, (numbers[len(numbers) // 2], 0))
    return [] if first_of(task) is None else _within(task, numbers[0])


def first_of(task: Task) -> Place | None:
    """Return the first session of a task; None: it has none."""
    if task.only is not None:
        return min(task.only, default=None)
    return next((max(task.start, (n, 0)) for n, _ in task.numbered()), None)


def alone(task: Task, place: Place) -> Task:
    """Return the task of one session."""
    return attrs.evolve(task, only=frozenset([place]), without=frozenset())


def _within(task: Task, number: int) -> list[Task]:
    """Return the task of one portion in two."""
    portion = next(portion for _, portion in task.numbered())
    begin = task.start[1] if task.start[0] == number else 0
    if task.stop is not None and task.stop[0] == number:
        end = task.stop[1]
    else:
        end = max(portion.sessions, begin + 2)
    return _at(task, (number, (begin + end) // 2)) if end - begin > 1 else []


def _at(task: Task, place: Place) -> list[Task]:
    return [attrs.evolve(task, stop=place), attrs.evolve(task, start=place)]


def _parts_of(task: Task, places: list[Place]) -> list[Task]:
    middle = len(places) // 2
    parts = (places[:middle], places[middle:])
    return [attrs.evolve(task, only=frozenset(part)) for part in parts if middle]
