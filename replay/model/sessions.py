"""A session: its header, and its events in order.

Source: the service's OpenAPI document of 2026-08-20, ``SessionDetail``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

import attrs

from replay.model.diagnostics import Diagnostic
from replay.model.events import Event, Usage
from replay.model.json_object import WireObject, read_only

#: How a recording was laid out: a whole document, a list of events, or a line each.
Shape: TypeAlias = Literal["document", "list", "lines"]


@attrs.frozen(repr=False)
class JobMetadata(Usage):
    """What the session's latest run cost, and how it ended."""

    is_error: bool = False
    error: str | None = None  #: None: there was no error
    export_config_ids: tuple[str, ...] | None = None  #: ids of the indexes it used


@attrs.frozen(repr=False, kw_only=True)
class SessionSummary(WireObject):
    """What a session is, without its events."""

    _required: ClassVar[tuple[str, ...]] = ("session_id",)

    session_id: str = attrs.field(kw_only=False)
    last_updated_at: str | None = None  #: ISO time without a zone, as it was recorded
    generated_title: str | None = None  #: None: there is none
    index_ids: tuple[str, ...] | None = None  #: None: bound to no index
    job_metadata: JobMetadata | None = None  #: None: it was never run
    shared_access: str | None = None  #: ``query`` or ``read_only``; None: not recorded


def _without_events(header: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in header.items() if key != "events"}


def _sequence(events: Iterable[Event]) -> Sequence[Event]:
    if isinstance(events, Sequence) and not isinstance(events, list):
        return events
    return tuple(events)


_BESIDE = {"wire": False}  # no part of the object on the wire


@attrs.frozen(repr=False, kw_only=True)
class Session(SessionSummary):
    """A recorded chat session.

    ``events`` has a length and can be walked again and again; it need not be in
    memory.
    """

    events: Sequence[Event] = attrs.field(
        default=(), converter=_sequence, metadata=_BESIDE
    )
    shape: Shape = attrs.field(
        default="document", eq=False, metadata=_BESIDE
    )  #: how ``dumps`` lays it out
    diagnostics: tuple[Diagnostic, ...] = attrs.field(
        default=(), eq=False, metadata=_BESIDE
    )  #: what was odd about the document itself
    repetition: int = attrs.field(
        default=0, eq=False, metadata=_BESIDE
    )  #: how many sessions before it, in the source it comes from, have its id
    derived_id: str | None = attrs.field(
        default=None, eq=False, metadata=_BESIDE
    )  #: what it is called since the recording does not say; None: it does

    @property
    def extra(self) -> Mapping[str, object]:
        """Return the header's keys that no documented field bears, read-only."""
        rest: Mapping[str, object] = read_only(_without_events(super().extra))
        return rest

    def as_object(self) -> dict[str, object]:
        """Return the header's JSON object; an id that was derived is no part of it."""
        header = super().as_object()
        if "session_id" in header or self.session_id == self.derived_id:
            return header
        return {"session_id": self.session_id, **header}

    def summary(self) -> SessionSummary:
        """Return the header alone."""
        recorded = self._recorded
        return SessionSummary(
            self.session_id,
            last_updated_at=self.last_updated_at,
            generated_title=self.generated_title,
            index_ids=self.index_ids,
            job_metadata=self.job_metadata,
            shared_access=self.shared_access,
            recorded=None if recorded is None else _without_events(recorded),
        )
