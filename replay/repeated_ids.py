"""Session ids that come more than once in a source."""

from collections import Counter
from hashlib import blake2b

import attrs

from replay.diagnostics import Diagnostic
from replay.sessions import Session


@attrs.define(eq=False)
class RepeatedIds:
    """Marks the sessions whose id another one before had."""

    _seen: set[bytes] = attrs.field(factory=set, init=False)
    _repetitions: Counter[bytes] = attrs.field(factory=Counter, init=False)

    def marked(self, session: Session) -> Session:
        """Return *session*, with a diagnostic where its id was there before."""
        identity = session.session_id.encode("utf-8", "surrogatepass")
        digest = blake2b(identity, digest_size=16).digest()  # an id may be long
        if digest not in self._seen:
            self._seen.add(digest)
            return session
        self._repetitions[digest] += 1
        return repeated(session, self._repetitions[digest])


def repeated(session: Session, repetition: int) -> Session:
    """Return *session*, with a diagnostic that others before it have its id.

    Args:
        session: One that does not say so.
        repetition: How many have it; at least 1.
    """
    detail = f"another session before it is called {session.session_id!a}"
    diagnostic = Diagnostic("repeated-session-id", None, detail)
    diagnostics = (*session.diagnostics, diagnostic)
    return attrs.evolve(session, diagnostics=diagnostics, repetition=repetition)
