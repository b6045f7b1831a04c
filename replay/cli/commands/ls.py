"""``replay ls``, which lists sessions."""

import click

import replay
from replay.cli.arguments import locations_argument
from replay.cli.input import Location
from replay.cli.output import json_option, write_objects, write_rows
from replay.cli.progress_bar import progress

_TITLES = ("SESSION", "TITLE", "LAST UPDATED", "FORMAT")


@click.command("ls")
@locations_argument
@json_option
def command(*, location: Location, as_json: bool) -> int:
    """List sessions: id, title, time of the last update, format.

    The format says what a session was converted from; the service's own have none.

    Lists every session of LOCATION: as a table on a terminal, as tab-separated lines
    in a pipe.
    """
    with progress("Reading", location.summaries()) as summaries:
        if as_json:
            write_objects(map(_object, summaries))
        else:
            write_rows(_TITLES, map(_row, summaries))
    return location.code


def _row(summary: replay.SessionSummary) -> list[str | None]:
    return [
        summary.session_id,
        summary.generated_title,
        summary.last_updated_at,
        summary.format,
    ]


def _object(summary: replay.SessionSummary) -> dict[str, object]:
    job = summary.job_metadata
    return {
        "session_id": summary.session_id,
        "generated_title": summary.generated_title,
        "last_updated_at": summary.last_updated_at,
        "index_ids": summary.index_ids,
        "shared_access": summary.shared_access,
        "job_metadata": job and job.as_object(),
        "format": summary.format,
    }
