"""How a suite says that a law is broken: where, how, and what to do."""


def broken(session_id: str | None, fault: str, advice: str) -> AssertionError:
    """Return the error that tells an author of a broken law.

    Args:
        session_id: The session with which it was broken; None: none in particular.
        fault: What happened, as a phrase.
        advice: What to do about it, as a phrase.
    """
    place = "" if session_id is None else f"session {session_id!a}: "
    return AssertionError(f"{place}{fault} ({advice})")
