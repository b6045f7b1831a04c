"""What a worker tells its leader while it works."""

from replay.batch.tasks import Place, Task


def mark(task: Task, place: Place | None) -> None: ...


def is_hurried() -> bool:
    return False
