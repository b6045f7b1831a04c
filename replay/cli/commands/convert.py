"""``replay convert``, which turns recordings of other formats into sessions."""

from contextlib import nullcontext
from typing import Any

import click

import replay
from replay.cli.arguments import locations_argument
from replay.cli.commands.copy import copy_all
from replay.cli.input import Location
from replay.cli.output import output_to
from replay.cli.rewriters import rewriting, rewriting_options
from replay.model.json_text import write_json


@click.command("convert")
@locations_argument
@click.argument("directory", type=click.Path(readable=False))
@rewriting_options
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(readable=False),
    help="Write what became of the records to FILE, a JSON object a line for each "
    "session.",
)
def command(
    *,
    location: Location,
    directory: str,
    report: str | None,
    **rewrite: Any,  # noqa: ANN401 - checked by click
) -> int:
    """Convert recordings of other formats into sessions.

    Writes every session of LOCATION into DIRECTORY, as "replay copy" does, and can
    report how: each record of a recording was mapped to events, kept as an unknown
    event, or skipped as bookkeeping.
    """
    with (
        output_to(report) if report else nullcontext(_nowhere) as write,
        rewriting(**rewrite) as rewriter,
    ):

        def seen(session: replay.Session) -> None:
            if session.report:
                write(write_json(session.report.as_object()).decode() + "\n")

        return copy_all(location, (), directory, rewriter, seen)


def _nowhere(_: str) -> None:
    pass
