"""Answers that a batch's workers might give."""

from replay.batch.tasks import (
    Counts,
    FoundSession,
    Place,
    Problem,
    SessionResult,
    TaskDigests,
    TaskResult,
)

COUNTS = Counts(turns=3, events=40, messages=9, diagnostics=1)
KEY = b"sixteen bytes..."  #: of the plugins


def place_of(number: int) -> Place:
    """Return the place of a session, with a hundred in each portion."""
    return divmod(number, 100)


def found(number: int, name: str | None = None) -> FoundSession:
    """Return the stored session of a number, with its place and digest."""
    digest = b"%016d" % number
    return FoundSession(place_of(number), name or f"file-{number}", digest)


def done(
    number: int,
    session_id: str | None = None,
    values: bytes | None = None,
    errors: tuple[str, ...] = (),
) -> SessionResult:
    """Return a session's results; the value of the only plugin is its number."""
    session_id = session_id or f"ses-{number:05}"
    values = b"[%d]" % number if values is None else values
    return SessionResult(found(number), session_id, COUNTS, values, errors)


def problem(
    number: int, code: str = "decode-error", *, is_quarantined: bool = False
) -> Problem:
    """Return a session's problem."""
    return Problem(place_of(number), f"file-{number}", code, "no", is_quarantined)


def task_result(*answers: SessionResult | Problem) -> TaskResult:
    """Return a task's results and problems."""
    return TaskResult(
        tuple(each for each in answers if isinstance(each, SessionResult)),
        tuple(each for each in answers if isinstance(each, Problem)),
    )


def task(start: int, stop: int) -> TaskResult:
    """Return the results of a task in which all went well."""
    return task_result(*map(done, range(start, stop)))


def task_digests(*answers: FoundSession | Problem) -> TaskDigests:
    """Return the stored sessions and problems at a task's places."""
    return TaskDigests(
        tuple(each for each in answers if isinstance(each, FoundSession)),
        tuple(each for each in answers if isinstance(each, Problem)),
    )
