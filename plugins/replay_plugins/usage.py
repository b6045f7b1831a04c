"""The plugin ``usage``: a report of the cost of sessions."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from json import JSONEncoder
from pathlib import Path
from typing import Any, Final, NamedTuple

import attrs

from replay import (
    BatchResults,
    Context,
    ReplayReport,
    Session,
    Stop,
    UnknownEvent,
)
from replay.authoring import escape_json, sanitize_line
from replay_plugins.report_output import escape_text, unescape_text, write_report

__all__ = ["SessionUsage", "Usage"]

_EXACT_FLOATS: Final = 2**53  # a float does not hold every whole number beyond this
_NUMBERS: Final = 9  # the fields of a cost, but for what was counted before
_PLAIN: Final = 2**63  # integers below are kept by every JSON reader
_HEADINGS: Final = (
    *("turns", "trips", "input", "output", "ms", "errors"),
    "session",
)
_encode: Final = JSONEncoder(ensure_ascii=False).encode


@attrs.frozen
class SessionUsage:
    """The cost of one session, or of all."""

    session_id: str | None  #: None: this is the total
    turns: int  #: of the chat
    round_trips: int  #: to the model
    total_input_tokens: int | None  #: None: the service never said
    total_output_tokens: int | None  #: None: the service never said
    duration_ms: float
    errors: int  #: turns that ended with an error
    complete: bool  #: False: a replay failed or was stopped; this is the cost up to it
    turns_without_tokens: int = 0  #: turns whose tokens the service didn't say
    #: Those of responses that a session before this one has, too, such as the one that
    #: it was forked from. They are in the numbers above, but not in those of the total.
    repeated_round_trips: int = 0
    repeated_input_tokens: int = 0
    repeated_output_tokens: int = 0


class Response(NamedTuple):
    """The tokens of one response, of a recording that tells them."""

    response_id: str
    input_tokens: int
    output_tokens: int


@attrs.define
class Responses:
    """The responses that were counted.

    Of each, only the hash of its id is held.
    """

    _hashes: set[int] = attrs.field(factory=set)

    def count(self, usage: SessionUsage, found: Iterable[Response]) -> SessionUsage:
        """Return a session's cost, with what of it was counted before."""
        repeated = [each for each in found if self._is_repeated(each)]
        if not repeated:
            return usage
        return attrs.evolve(
            usage,
            repeated_round_trips=len(repeated),
            repeated_input_tokens=sum(each.input_tokens for each in repeated),
            repeated_output_tokens=sum(each.output_tokens for each in repeated),
        )

    def _is_repeated(self, response: Response) -> bool:
        before = len(self._hashes)
        self._hashes.add(hash(response.response_id))
        return len(self._hashes) == before


@attrs.define
class Sum:
    """The cost of many turns or sessions.

    Durations are added exactly. They are floats, or integers too large for one.
    """

    turns: int = 0
    round_trips: int = 0
    total_input_tokens: int | None = None
    total_output_tokens: int | None = None
    duration_ms: Fraction = Fraction()
    errors: int = 0
    complete: bool = True
    turns_without_tokens: int = 0
    repeated_round_trips: int = 0
    repeated_input_tokens: int = 0
    repeated_output_tokens: int = 0

    def add(self, usage: SessionUsage) -> None:
        """Add a cost."""
        self.turns += usage.turns
        self.round_trips += usage.round_trips - usage.repeated_round_trips
        self.total_input_tokens = _sum(
            self.total_input_tokens,
            _sum(usage.total_input_tokens, -usage.repeated_input_tokens or None),
        )
        self.total_output_tokens = _sum(
            self.total_output_tokens,
            _sum(usage.total_output_tokens, -usage.repeated_output_tokens or None),
        )
        self.repeated_round_trips += usage.repeated_round_trips
        self.repeated_input_tokens += usage.repeated_input_tokens
        self.repeated_output_tokens += usage.repeated_output_tokens
        self.duration_ms += Fraction(usage.duration_ms)
        self.errors += usage.errors
        self.complete = self.complete and usage.complete
        self.turns_without_tokens += usage.turns_without_tokens

    def total(self, session_id: str | None = None) -> SessionUsage:
        """Return the sum."""
        exact, members = self.duration_ms, attrs.asdict(self)
        duration_ms = float(exact) if abs(exact) < _EXACT_FLOATS else round(exact)
        return SessionUsage(session_id, **members | {"duration_ms": duration_ms})


_NOTHING: Final = Sum().total()


@attrs.define(eq=False)
class Usage:
    """A plugin that reports the cost of sessions when its engine is closed.

    If a turn has several stops, the last one counts. A response that several sessions
    have counts once in the total. ``sessions`` and :meth:`total` have the numbers for
    programs.

    Args:
        json: Report JSON; False: a table, with rounded milliseconds.
        output: A file to write, whole or not at all; None: standard output.
    """

    json: bool = False
    output: Path | None = None
    sessions: list[SessionUsage] = attrs.field(factory=list, init=False)
    _ended: Sum = attrs.field(factory=Sum, init=False)  # turns of the session
    _last: tuple[int, Stop] | None = attrs.field(default=None, init=False)
    _found: list[Response] = attrs.field(factory=list, init=False)  # in the session
    _counted: Responses = attrs.field(factory=Responses, init=False)
    _merged: "BatchUsage | None" = attrs.field(default=None, init=False)  # of a batch

    def replay_session_start(self) -> None:
        """Reset the session's cost."""
        self._ended, self._last, self._found = Sum(), None, []

    def replay_stop(self, event: Stop, context: Context) -> None:
        """Keep the stop as its turn's last one."""
        if self._last and self._last[0] != context.turn:
            self._end_turn(self._last[1])
        self._last = context.turn, event

    def _end_turn(self, stop: Stop) -> None:
        self._ended.add(_cost_of(stop))
        self._found += _responses_of(stop.extra.get("imported"))

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Add up the session's turns."""
        if self._last:
            self._end_turn(self._last[1])
        ended = self._ended
        without = report.turns - ended.turns
        if without > 0 and report.outcome == "complete":
            for usage, found in _costs_without_stop(session):
                ended.add(usage)
                self._found += found
                without -= 1
        ended.turns_without_tokens += max(0, without)
        ended.turns, ended.complete = report.turns, report.outcome == "complete"
        usage = self._ended.total(session.session_id)
        self.sessions.append(self._counted.count(usage, self._found))

    def replay_batch_result(self) -> object:
        """Return the session's cost, and forget it; None: it was never replayed."""
        self._counted = Responses()  # only the leader knows the order
        return as_value(self.sessions.pop(), self._found) if self.sessions else None

    def replay_batch_merge(self, results: BatchResults) -> None:
        """Use the costs of the batch's sessions."""
        self._merged = BatchUsage(results)

    def replay_close(self) -> None:
        """Print the report, or write it."""
        usages = self._merged or self.sessions
        report = as_json(usages) if self.json else as_table(usages)
        write_report(report, self.output)

    def total(self) -> SessionUsage:
        """Return the cost of all sessions."""
        total = Sum()
        for usage in self._merged or self.sessions:
            total.add(usage)
        return total.total()


def _cost_of(stop: Stop) -> SessionUsage:
    usage = stop.usage
    tokens = usage.total_input_tokens, usage.total_output_tokens
    return SessionUsage(
        None,
        1,
        usage.turns,
        *tokens,
        usage.duration_ms,
        int(stop.is_error),
        complete=True,
        turns_without_tokens=int(None in tokens),
    )


def _costs_without_stop(
    session: Session,
) -> Iterator[tuple[SessionUsage, Iterator[Response]]]:
    """Yield the cost and the responses of each run whose end wasn't recorded.

    A conversion from another format keeps them with the run's last event.
    """
    for event in session.events:
        known = event.raw if isinstance(event, UnknownEvent) else event.extra
        match known:
            case {"imported": {"usage": {"turns": int(trips), **usage}} as imported}:
                given = usage.get("total_input_tokens")
                made = usage.get("total_output_tokens")
                if isinstance(given, int) and isinstance(made, int):
                    cost = attrs.evolve(
                        _NOTHING,
                        round_trips=trips,
                        total_input_tokens=given,
                        total_output_tokens=made,
                    )
                    yield cost, _responses_of(imported)


def _responses_of(imported: object) -> Iterator[Response]:
    """Yield the responses of a run, if what was imported tells their tokens."""
    match imported:
        case {"responses": Mapping() as responses}:
            for response_id, tokens in responses.items():
                match tokens:
                    case {"input_tokens": int(given), "output_tokens": int(made)}:
                        yield Response(response_id, given, made)


@attrs.frozen
class BatchUsage:
    """The costs of a batch's sessions, in order; they are not held in memory."""

    _results: BatchResults

    def __iter__(self) -> Iterator[SessionUsage]:
        """Yield the cost of each session, read again each time."""
        values = (each.value for each in self._results)
        counted = Responses()
        for value in values:
            if value is not None:
                yield counted.count(_usage(value), _responses(value))


def as_value(usage: SessionUsage, found: Iterable[Response] = ()) -> list[object]:
    """Return a session's cost as a JSON value, for the merge of a batch.

    Args:
        usage: The cost; what of it was counted before is left out.
        found: The session's responses.
    """
    session_id, *numbers = attrs.astuple(usage)[:_NUMBERS]
    responses = [
        [escape_text(each.response_id), *map(_kept, each[1:])] for each in found
    ]
    return [
        escape_text(session_id or ""),
        *map(_kept, numbers),
        *([responses] if responses else []),
    ]


def _kept(number: float | None) -> float | str | None:
    """Return a number as a JSON value that no reader changes."""
    if isinstance(number, int) and not -_PLAIN < number < _PLAIN:
        return digits(number)
    return number


def _usage(value: Any) -> SessionUsage:  # noqa: ANN401 - what as_value returned
    session_id, *numbers = value[:_NUMBERS]
    return SessionUsage(unescape_text(session_id), *map(_number, numbers))


def _responses(value: Any) -> Iterator[Response]:  # noqa: ANN401 - what as_value returned
    for found in value[_NUMBERS:]:
        for response_id, *tokens in found:
            yield Response(unescape_text(response_id), *map(_number, tokens))


def _number(number: Any) -> Any:  # noqa: ANN401 - of whichever kind it was
    return int(Decimal(number)) if isinstance(number, str) else number


def as_json(usages: Iterable[SessionUsage]) -> Iterator[str]:
    """Yield JSON with the cost of each session, and of all."""
    total = Sum()
    yield '{"sessions": [\n'
    separator = ""
    for usage in usages:
        total.add(usage)
        yield separator + _object(usage)
        separator = ",\n"
    yield f'\n],\n"total": {_object(total.total())}}}\n'


def as_table(usages: Iterable[SessionUsage]) -> Iterator[str]:
    """Yield a table, line by line.

    Args:
        usages: They are read twice, since columns are as wide as their widest cells.
    """
    total = Sum()
    widths = [*map(len, _HEADINGS)]
    for usage in usages:
        total.add(usage)
        widths = [*map(max, widths, map(len, _row(usage)))]
    last = _row(total.total())
    widths = [*map(max, widths, map(len, last))][:-1]
    layout = "".join(f"{{:>{width}}}  " for width in widths) + "{}\n"
    yield layout.format(*_HEADINGS)
    for usage in usages:
        yield layout.format(*_row(usage))
    yield layout.format(*last)


def digits(number: int) -> str:
    """Return a whole number in digits, of which ``str`` writes at most 4,300."""
    return str(Decimal(number))


def _object(usage: SessionUsage) -> str:
    """Return a cost as a JSON object; without zeros for what is repeated."""
    shown = attrs.astuple(usage)[: None if usage.repeated_round_trips else _NUMBERS]
    members = zip(attrs.fields_dict(SessionUsage), shown, strict=False)
    return "{" + ", ".join(f'"{name}": {_json(each)}' for name, each in members) + "}"


def _json(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return digits(value)
    return escape_json(_encode(value))


def _row(usage: SessionUsage) -> tuple[str, ...]:
    session_id = usage.session_id
    name = "total" if session_id is None else sanitize_line(session_id) or '""'
    notes = [] if usage.complete else ["incomplete"]
    has_tokens = (usage.total_input_tokens, usage.total_output_tokens) != (None, None)
    if usage.turns_without_tokens and has_tokens:
        turns = "turn" if usage.turns_without_tokens == 1 else "turns"
        notes.append(f"no tokens for {digits(usage.turns_without_tokens)} {turns}")
    if repeated := usage.repeated_round_trips:
        trips = "trip" if repeated == 1 else "trips"
        is_total = session_id is None
        how = "shared {} counted once" if is_total else "{} counted above"
        notes.append(f"{digits(repeated)} {how.format(trips)}")
    return (
        digits(usage.turns),
        digits(usage.round_trips),
        _said(usage.total_input_tokens),
        _said(usage.total_output_tokens),
        digits(round(usage.duration_ms)),
        digits(usage.errors),
        f"{name} ({', '.join(notes)})" if notes else name,
    )


def _said(number: int | None) -> str:
    return "-" if number is None else digits(number)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
