"""Facts in rows: a table on a terminal, lines in a pipe, JSON for programs."""

from collections.abc import Iterable, Mapping, Sequence

from replay.cli import standard_output
from replay.json_text import write
from replay.sanitizing import escape_json, sanitize_line


def write_rows(titles: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Write *rows*: as a table on a terminal, else a line each, with tabs between.

    Args:
        titles: What the table's columns are called.
        rows: As recorded; None: there is nothing to write in this place.
    """
    safe = ([sanitize_line(each or "") for each in row] for row in rows)
    if standard_output.is_terminal():
        from replay.cli.terminal import Page  # noqa: PLC0415 - rich is slow to import

        standard_output.write(Page().table(titles, safe))
    else:
        for row in safe:
            standard_output.write("\t".join(row) + "\n")


def write_objects(objects: Iterable[Mapping[str, object]]) -> None:
    """Write *objects* as JSON, a line each."""
    for each in objects:
        standard_output.write(escape_json(write(each).decode()) + "\n")
