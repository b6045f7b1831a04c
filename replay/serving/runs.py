"""A turn that a server runs, and what it makes of the session that it is added to."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import attrs

from replay.events import Event, Stop
from replay.sessions import JobMetadata, Session

_LONGEST_TITLE: Final = 50
_ACCESS: Final = "query"

# The service writes these keys, whether they say something or not.
_HEADER: Final = (
    *("session_id", "last_updated_at", "shared_access"),
    *("generated_title", "index_ids", "job_metadata"),
)
_JOB: Final = (
    *("total_input_tokens", "total_output_tokens", "turns", "duration_ms"),
    *("is_error", "error", "export_config_ids"),
)


@attrs.frozen
class Run:
    """A turn that goes on by the clock, whether anybody listens or not."""

    prompt: str
    index_ids: tuple[str, ...]
    events: Sequence[Event]  #: without the ``user_input``
    due: Sequence[float]  #: seconds after the start; nothing: all is due at once
    started: float  #: when, by the store's clock
    updated: str  #: when, as the service writes it

    def events_at(self, time: float) -> Sequence[Event]:
        """Return what has come of this turn by now, without the ``user_input``.

        Args:
            time: The time now, by the store's clock.
        """
        if not self.due:
            return self.events
        return self.events[: bisect_right(self.due, time - self.started)]

    def change_header(self, session: Session, time: float) -> Session:
        """Return *session* with the header that it has since this turn began.

        Args:
            session: The session before the turn.
            time: The time now, by the store's clock.
        """
        ended = [e for e in self.events_at(time)[-1:] if isinstance(e, Stop)]
        job = _job_of(ended[0], self.index_ids) if ended else session.job_metadata
        return attrs.evolve(
            session,
            generated_title=session.generated_title or _title_of(self.prompt),
            index_ids=session.index_ids or self.index_ids,
            job_metadata=job,
            last_updated_at=self.updated,
        )


def new_session(index_ids: Sequence[str] | None, shared_access: str | None) -> Session:
    """Return a session in which nothing was said yet, under an id of its own."""
    return Session(
        f"ses-{uuid4().hex[:24]}",
        last_updated_at=now(),
        index_ids=None if index_ids is None else tuple(index_ids),
        shared_access=shared_access or _ACCESS,
        recorded=dict.fromkeys(_HEADER),
    )


def now() -> str:
    """Return the time as the service writes it: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _title_of(prompt: str) -> str:
    return prompt if len(prompt) <= _LONGEST_TITLE else f"{prompt[:_LONGEST_TITLE]}..."


def _job_of(stop: Stop, index_ids: Sequence[str]) -> JobMetadata:
    usage = stop.usage
    return JobMetadata(
        total_input_tokens=usage.total_input_tokens,
        total_output_tokens=usage.total_output_tokens,
        turns=usage.turns,
        duration_ms=usage.duration_ms,
        is_error=stop.is_error,
        error=stop.error,
        export_config_ids=tuple(index_ids),
        recorded=dict.fromkeys(_JOB),
    )
