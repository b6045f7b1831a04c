"""``replay audit show``: a log, for people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from replay.cli import standard_output
from replay.cli.reading import json_option
from replay.cli.rows import write_rows
from replay.sanitizing import sanitize_line
from replay_plugins.audit_log.cli.arguments import LOG
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.reading import records_of
from replay_plugins.audit_log.viewing import Filter, moment, record_of, row_of

_TITLES = ("SEQ", "TIME", "KIND", "SESSION", "EVENT", "WHAT")


def _moment(
    _: click.Context, parameter: click.Parameter, text: str | None
) -> str | None:
    try:
        return text and moment(text)
    except ValueError as error:
        message = f"{text!r} is no date and no time in ISO 8601"
        raise click.BadParameter(message, param=parameter) from error


@click.command("show")
@LOG
@click.option("--session", metavar="ID", help="Only records of this session.")
@click.option("--tool", metavar="NAME", help="Only records of this tool.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind.")
@click.option("--since", metavar="TIME", callback=_moment, help="Only from then on.")
@click.option("--until", metavar="TIME", callback=_moment, help="Only before then.")
@json_option
def show(*, log: Path, as_json: bool, **wants: Any) -> None:  # noqa: ANN401 - a Filter's
    """Print the records of LOG: a table on a terminal, lines in a pipe.

    With --json they are as they stand in the log. Nothing is verified.
    """
    wanted = Filter(**wants)
    lines = (
        (line, record)
        for line in records_of(LogFiles(log))
        if wanted.wants(record := record_of(line))
    )
    if as_json:
        _write_lines(line for line, _ in lines)
    else:
        write_rows(_TITLES, (row_of(record) for _, record in lines))


def _write_lines(lines: Iterator[bytes]) -> None:
    for line in lines:
        text = line.decode("ascii", "backslashreplace")
        standard_output.write(sanitize_line(text) + "\n")
