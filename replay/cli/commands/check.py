"""``replay check``, which reports anything unusual in sessions."""

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

import click

import replay
from replay.cli import output
from replay.cli.arguments import locations_argument
from replay.cli.input import Location
from replay.cli.output import FOUND_PROBLEMS, json_option, write_objects
from replay.cli.progress_bar import progress
from replay.coalescing.transcripts import diagnose
from replay.security.sanitization import sanitize_line

if TYPE_CHECKING:
    from replay.sources.unreadable import ReadError


@click.command("check")
@locations_argument
@json_option
def command(*, location: Location, as_json: bool) -> int:
    """Report anything unusual in sessions.

    Prints a line for each diagnostic in the sessions of LOCATION, and for each file
    that cannot be read. The exit code is 1 if there are any. Of a session that was
    converted from another format, a note says what became of its records, which is no
    finding.
    """
    write = _write_objects if as_json else _write_lines
    location.report = _write_object_of_file if as_json else _write_line_of_file
    is_odd = False
    with progress("Checking", location.sessions()) as sessions:
        for session in sessions:
            found = diagnose(session)
            if first := next(found, None):
                is_odd = True
                write(session.session_id, chain([first], found))
            if session.report:
                write(session.session_id, [_note(session.report)])
    return FOUND_PROBLEMS if is_odd else location.code


def _note(report: replay.ConversionReport) -> replay.Diagnostic:
    return replay.Diagnostic("converted", None, str(report))


def _write_lines(session_id: str, diagnostics: Iterable[replay.Diagnostic]) -> None:
    for each in diagnostics:
        place = "document" if each.index is None else f"event {each.index}"
        line = f"{session_id}: {place}: {each.code}: {each.detail}"
        output.write(sanitize_line(line) + "\n")


def _write_objects(session_id: str, diagnostics: Iterable[replay.Diagnostic]) -> None:
    write_objects(
        {
            "session_id": session_id,
            "code": each.code,
            "index": each.index,
            "detail": each.detail,
        }
        for each in diagnostics
    )


def _write_line_of_file(error: "ReadError") -> None:
    line = f"{error.source}: document: {error.code}: {_detail(error)}"
    output.write(sanitize_line(line) + "\n")


def _write_object_of_file(error: "ReadError") -> None:
    finding = {
        "session_id": None,
        "code": error.code,
        "index": None,
        "detail": _detail(error),
        "source": error.source,
    }
    write_objects([finding])


def _detail(error: "ReadError") -> str:
    return str(error).removeprefix(f"{error.source}: ")
