"""A table of the records of a log: ``replay audit show``."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import click

from replay.authoring import nearest, sanitize_line
from replay.cli import output
from replay.cli.output import json_option, say
from replay_plugins.audit_log.log.content import DIGEST
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.session_records import SESSION_ID, TOOL_NAME
from replay_plugins.audit_log.verify.log_reader import check_is_log, records_of

FILE: Final = click.Path(path_type=Path)  # a missing file is noticed when it is read


def _checked(_: click.Context, __: click.Parameter, path: Path) -> Path:
    check_is_log(LogFiles(path))
    return path


LOG: Final = click.argument("log", type=FILE, callback=_checked)

_TITLES: Final = ("SEQ", "TIME", "KIND", "SESSION", "EVENT", "WHAT")
_FEW_TITLES: Final = ("SEQ", "TIME", "KIND", "WHAT")
_COLUMNS: Final = ("seq", "time", "kind", SESSION_ID, "event")
_HEAD: Final = {
    *(*_COLUMNS, "schema", "prev", "actor", "monotonic_ns", "log"),
    *("turn", DIGEST, "note"),
}
_MOST_CHARACTERS: Final = 100  # of a value
_MOST_NAMES: Final = 1000  # that are searched for the nearest


def is_wanted(  # noqa: PLR0913 - the options of the command
    record: dict[str, object],
    *,
    session: str | None,
    tool: str | None,
    kinds: tuple[str, ...],
    since: str | None,
    until: str | None,
) -> bool:
    """Tell whether a record passes all given filters."""
    time = str(record.get("time"))
    return (
        session in (None, record.get(SESSION_ID))
        and tool in (None, record.get(TOOL_NAME))
        and (not kinds or record.get("kind") in kinds)
        and (since is None or time >= since)
        and (until is None or time < until)
    )


@attrs.define
class Shown:
    """The number of records that passed the filters, and names in the others."""

    count: int = 0
    _names: dict[str, set[str]] = attrs.field(
        factory=lambda: {name: set() for name in (SESSION_ID, TOOL_NAME, "kind")}
    )

    def take(self, record: dict[str, object], *, is_wanted: bool) -> bool:
        """Count a record if it is wanted, and tell whether it is."""
        if is_wanted:
            self.count += 1
        elif not self.count:
            for name, known in self._names.items():
                value = record.get(name)
                if isinstance(value, str) and len(known) < _MOST_NAMES:
                    known.add(value)
        return is_wanted

    def advice(
        self, session: str | None, tool: str | None, kinds: Iterable[str]
    ) -> str:
        """Say that there was nothing to show, and which names may be meant."""
        given = [(SESSION_ID, session), (TOOL_NAME, tool)]
        given += [("kind", each) for each in kinds]
        questions = [
            f"{wanted!a}: {question}"
            for name, wanted in given
            if wanted
            and wanted not in self._names[name]
            and (question := nearest(wanted, self._names[name]))
        ]
        return "; ".join(["no record matches", *questions])


def moment(
    _: click.Context, parameter: click.Parameter, text: str | None
) -> str | None:
    """Return an ISO 8601 time as it is in records; without an offset, it is in UTC.

    Raises:
        click.BadParameter: It is neither a date nor a date and time.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # an offset may leave the calendar
        message = f"{text!r} isn't a date or time in ISO 8601"
        raise click.BadParameter(message, param=parameter) from error
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


@click.command("show")
@LOG
@click.option("--session", metavar="ID", help="Only records of this session.")
@click.option("--tool", metavar="NAME", help="Only records of this tool.")
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind. Repeatable."
)
@click.option(
    "--since", metavar="TIME", callback=moment, help="Only records from TIME on."
)
@click.option(
    "--until", metavar="TIME", callback=moment, help="Only records before TIME."
)
@json_option
def show(*, log: Path, as_json: bool, **filters: Any) -> None:  # noqa: ANN401 - see is_wanted
    """Print the records of LOG.

    They are a table on a terminal, and tab-separated lines in a pipe. With --json, they
    are printed as the log has them. Nothing is verified. If no record matches a name,
    the nearest name is suggested.
    """
    shown = Shown()
    lines = (
        (line, record)
        for line in records_of(LogFiles(log))
        if shown.take(record := record_of(line), is_wanted=is_wanted(record, **filters))
    )
    if as_json:
        for line, _ in lines:
            text = line.decode("ascii", "backslashreplace")
            output.write(sanitize_line(text) + "\n")
    else:
        titles, row = (
            (_FEW_TITLES, short_row_of) if output.is_terminal() else (_TITLES, row_of)
        )
        output.write_rows(titles, (row(record) for _, record in lines))
    names = (filters["session"], filters["tool"], filters["kinds"])
    if any(names) and not shown.count:
        say(shown.advice(*names), "note")


def record_of(line: bytes) -> dict[str, object]:
    """Return the record in a line; a placeholder if it has none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"kind": "?", "what": "no record"}


def row_of(record: dict[str, object]) -> list[str]:
    """Return a record as a row of the table."""
    return [
        *(_text(record.get(name, "")) for name in _COLUMNS),
        " ".join(_fields(record)),
    ]


def short_row_of(record: dict[str, object]) -> list[str]:
    """Return a record as a row of a table that fits a narrow terminal."""
    seq, time, kind, session, event, what = row_of(record)
    places = {"session": session, "event": event}
    told = [f"{name}={value}" for name, value in places.items() if value]
    seconds = time[: len("2026-11-26T01:30:36")].replace("T", " ")
    return [seq, seconds, kind, " ".join([*told, what])]


def _fields(record: dict[str, object]) -> Iterator[str]:
    for name, value in record.items():
        if name not in _HEAD:
            yield f"{name.rpartition('.')[2]}={_shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, dict) and "length" in value:
        if value.keys() == {"length", "commitment"}:
            return f"[{value['length']} characters, committed]"
        if value.keys() == {"length", "hmac_sha256"}:
            return f"[{value['length']} characters, digest only]"
    text = _text(value)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
