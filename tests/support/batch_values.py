"""What workers of a batch might have answered."""

from replay.batch.tasks import Counts, Digested, Done, Found, Place, Problem, Worked

COUNTS = Counts(turns=3, events=40, messages=9, diagnostics=1)
KEY = b"sixteen bytes..."  #: of the plugins


def place_of(number: int) -> Place:
    """Return the place of a session: a hundred stand in each portion."""
    return divmod(number, 100)


def found(number: int, name: str | None = None) -> Found:
    """Return where a session is stored, and what is stored there."""
    digest = b"%016d" % number
    return Found(place_of(number), name or f"file-{number}", digest)


def done(
    number: int,
    session_id: str | None = None,
    values: bytes | None = None,
    errors: tuple[str, ...] = (),
) -> Done:
    """Return what came of a session; the one plugin's value is its number."""
    session_id = session_id or f"ses-{number:05}"
    values = b"[%d]" % number if values is None else values
    return Done(found(number), session_id, COUNTS, values, errors)


def problem(
    number: int, code: str = "decode-error", *, is_quarantined: bool = False
) -> Problem:
    """Return what is wrong with a session."""
    return Problem(place_of(number), f"file-{number}", code, "no", is_quarantined)


def worked(*answers: Done | Problem) -> Worked:
    """Return what came of a task."""
    return Worked(
        tuple(each for each in answers if isinstance(each, Done)),
        tuple(each for each in answers if isinstance(each, Problem)),
    )


def task(start: int, stop: int) -> Worked:
    """Return what came of a task in which all went well."""
    return worked(*map(done, range(start, stop)))


def digested(*answers: Found | Problem) -> Digested:
    """Return what is stored at the places of a task."""
    return Digested(
        tuple(each for each in answers if isinstance(each, Found)),
        tuple(each for each in answers if isinstance(each, Problem)),
    )
