"""``replay plugins``, which lists installed backends, plugins and commands."""

import attrs
import click

from replay.cli.output import json_option, write_objects, write_rows
from replay.registry import GROUPS, Installed, installed

_TITLES = ("KIND", "NAME", "VERSION", "FROM", "ERROR")


@click.command("plugins")
@json_option
def command(*, as_json: bool) -> None:
    """List installed backends, plugins and added commands.

    Prints kind, name, version and package of each, and the error if it cannot be
    loaded: as a table on a terminal, as tab-separated lines in a pipe.
    """
    found = [each for kind in GROUPS for each in installed(kind)]
    if as_json:
        write_objects(map(attrs.asdict, found))
    else:
        write_rows(_TITLES, map(_row, found))


def _row(each: Installed) -> list[str | None]:
    return [each.kind, each.name, each.version, each.origin, each.error]
