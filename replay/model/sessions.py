"""A session: its header, and its events in order.

Source: the service's OpenAPI document of 2026-08-20, ``SessionDetail``.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, get_args

import attrs

from replay.errors import wrong_type
from replay.model.conversion_report import ConversionReport
from replay.model.diagnostics import Diagnostic
from replay.model.events import Event, Usage, UserInput, check_fields
from replay.model.json_object import WireObject, documented_fields, read_only

#: A recording's layout: a whole document, a list of events, or one event a line.
Shape: TypeAlias = Literal["document", "list", "lines"]


@attrs.frozen(repr=False)
class JobMetadata(Usage):
    """The cost and outcome of the session's latest run."""

    is_error: bool = False
    error: str | None = None  #: None: there was no error
    export_config_ids: tuple[str, ...] | None = None  #: ids of the indexes it used


_NOT_ON_WIRE: Final = {"wire": False}  # not part of the object on the wire


def _check_id(_: object, __: "attrs.Attribute[str]", value: object) -> None:
    if not isinstance(value, str):
        advice = "Session.from_events takes events by themselves"
        raise wrong_type(value, "a string as session_id", advice)


@attrs.frozen(repr=False, kw_only=True)
class SessionSummary(WireObject):
    """A session's header, without its events."""

    _required: ClassVar[tuple[str, ...]] = ("session_id",)

    session_id: str = attrs.field(kw_only=False, validator=_check_id)
    last_updated_at: str | None = None  #: ISO time without a zone, as it was recorded
    generated_title: str | None = None  #: None: there is none
    index_ids: tuple[str, ...] | None = None  #: None: bound to no index
    job_metadata: JobMetadata | None = None  #: None: it was never run
    shared_access: str | None = None  #: ``query`` or ``read_only``; None: not recorded
    format: str | None = attrs.field(
        default=None, eq=False, metadata=_NOT_ON_WIRE
    )  #: what it was converted from, such as ``claude-code``; None: it wasn't


def header_fields(header: SessionSummary) -> dict[str, Any]:
    """Return a header's fields by name, to make another header from them."""
    names = documented_fields(SessionSummary)
    return {name: getattr(header, name) for name in names}


def _without_events(header: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in header.items() if key != "events"}


_EVENTS: Final = frozenset(get_args(Event))


def _sequence(events: Iterable[Event]) -> Sequence[Event]:
    if isinstance(events, Sequence) and not isinstance(events, list | tuple | str):
        return events
    made = events if isinstance(events, tuple) else tuple(events)
    if not _EVENTS.issuperset(map(type, made)):
        strange = next(each for each in made if type(each) not in _EVENTS)
        advice = "Session.from_events takes their JSON objects too"
        raise wrong_type(strange, "events such as Text", advice)
    for event in made:
        check_fields(event)
    return made


@attrs.frozen(repr=False, kw_only=True)
class Session(SessionSummary):
    """A recorded chat session.

    ``events`` has a length and can be iterated repeatedly; it need not be in memory.
    """

    events: Sequence[Event] = attrs.field(
        default=(), converter=_sequence, metadata=_NOT_ON_WIRE
    )
    shape: Shape = attrs.field(
        default="document", eq=False, metadata=_NOT_ON_WIRE
    )  #: how ``dumps`` lays it out
    diagnostics: tuple[Diagnostic, ...] = attrs.field(
        default=(), eq=False, metadata=_NOT_ON_WIRE
    )  #: those of the document itself
    repetition: int = attrs.field(
        default=0, eq=False, metadata=_NOT_ON_WIRE
    )  #: how many sessions before it in its source have the same id
    derived_id: str | None = attrs.field(
        default=None, eq=False, metadata=_NOT_ON_WIRE
    )  #: its id if the recording gives none; None: the recording gives one
    report: ConversionReport | None = attrs.field(
        default=None, eq=False, metadata=_NOT_ON_WIRE
    )  #: what its conversion did; None: it wasn't converted

    @classmethod
    def from_events(  # noqa: PLR0913 - the fields of a header
        cls,
        events: Iterable[Event | Mapping[str, object]],
        *,
        session_id: str = "session",
        last_updated_at: str | None = None,
        generated_title: str | None = None,
        index_ids: Iterable[str] | None = None,
        job_metadata: JobMetadata | None = None,
        shared_access: str | None = None,
    ) -> Self:
        """Return a session made from events or their JSON objects, such as dicts.

        As everywhere, an object that isn't a known event, or has a wrong field, becomes
        an :class:`~replay.UnknownEvent`.

        Args:
            events: Oldest first.
            session_id: The session's id.
            last_updated_at: As the field.
            generated_title: As the field.
            index_ids: As the field.
            job_metadata: As the field.
            shared_access: As the field.

        Raises:
            TypeError: *events* isn't a list of events but a file name, say.
            EncodeError: One of them holds a value that isn't JSON.

        >>> Session.from_events([{"type": "text", "content": "Hello"}]).events
        (Text(content='Hello'),)
        """
        is_list = isinstance(events, Iterable)
        if not is_list or isinstance(events, str | bytes | Mapping):
            advice = "replay.load reads a file, replay.loads a text"
            raise wrong_type(events, "a list of events", advice)
        # The codec is a layer above the model, so it is only imported when needed.
        structure = import_module("replay.codec.structure")
        event_of: Callable[[object], Event] = structure.event_of
        return cls(
            session_id,
            last_updated_at=last_updated_at,
            generated_title=generated_title,
            index_ids=None if index_ids is None else tuple(index_ids),
            job_metadata=job_metadata,
            shared_access=shared_access,
            events=map(event_of, events),
        )

    @property
    def extra(self) -> Mapping[str, object]:
        """Return the header's undocumented keys, read-only."""
        rest: Mapping[str, object] = read_only(_without_events(super().extra))
        return rest

    def as_object(self) -> dict[str, object]:
        """Return the header's JSON object, without a derived id."""
        header = super().as_object()
        if "session_id" in header or self.session_id == self.derived_id:
            return header
        return {"session_id": self.session_id, **header}

    def arrivals(self) -> list[float | None]:
        """Return when each event was recorded, in seconds since its turn began.

        The times are those that a conversion from another format kept; None: the
        recording has none for that event, or for the beginning of its turn.
        """
        found: list[float | None] = []
        start: datetime | None = None
        for event in self.events:
            time = _time_of(event)
            if start is None or isinstance(event, UserInput):
                start = time
            seconds = (time - start).total_seconds() if time and start else None
            found.append(seconds)
        return found

    def summary(self) -> SessionSummary:
        """Return the header alone."""
        recorded = None if self._recorded is None else _without_events(self._recorded)
        return SessionSummary(
            **header_fields(self), format=self.format, recorded=recorded
        )


def _time_of(event: Event) -> datetime | None:
    imported = event.extra.get("imported") if isinstance(event, WireObject) else None
    match imported:
        case {"timestamp": str(text)}:
            with suppress(ValueError):
                time = datetime.fromisoformat(text)
                return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


#: Anything that gives a session: itself, its location, or its events.
SessionLike: TypeAlias = (
    Session | str | os.PathLike[str] | Iterable[Event | Mapping[str, object]]
)
