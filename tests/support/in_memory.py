"""The smallest backend."""

from collections.abc import Iterator

import attrs

from replay import Session, SessionNotFoundError, SessionSummary


@attrs.define(eq=False)
class InMemory:
    """A backend with only the three required methods."""

    kept: list[Session]
    is_closed: bool = False

    def summaries(self) -> Iterator[SessionSummary]:
        return (session.summary() for session in self.kept)

    def session(self, session_id: str) -> Session:
        for session in self.kept:
            if session.session_id == session_id:
                return session
        raise SessionNotFoundError(session_id, "there is no such session")

    def close(self) -> None:
        self.is_closed = True
