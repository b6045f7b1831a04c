"""``replay plugins``, which lists what is installed, and the options of each."""

import attrs
import click

from replay.cli.factory_options import FactoryOption, options_of
from replay.cli.output import json_option, say, write_objects, write_rows
from replay.registry import GROUPS, Installed, installed

_TITLES = ("KIND", "NAME", "VERSION", "FROM", "ERROR")
_OPTION_TITLES = ("OPTION", "TYPE", "DEFAULT", "MEANING")


@click.command("plugins")
@click.argument("name", required=False)
@json_option
def command(*, name: str | None, as_json: bool) -> None:
    """List installed backends, formats, plugins and commands, or options of one.

    Prints kind, name, version and package of each, and the error if it cannot be
    loaded: as a table on a terminal, as tab-separated lines in a pipe.

    With NAME, that of a plugin, backend or format, FILE.py or FILE.py::CLASS, prints
    its options: name, type, default and meaning.
    """
    if name is not None:
        _show_options(name, as_json=as_json)
        return
    found = [each for kind in GROUPS for each in installed(kind)]
    if as_json:
        write_objects(map(attrs.asdict, found))
    else:
        write_rows(_TITLES, map(_row, found))


def _show_options(name: str, *, as_json: bool) -> None:
    found = options_of(name)
    if as_json:
        write_objects(map(attrs.asdict, found))
    elif found:
        write_rows(_OPTION_TITLES, map(_option_row, found))
    else:
        say(f"{name} takes no options", "note")


def _row(each: Installed) -> list[str | None]:
    return [each.kind, each.name, each.version, each.origin, each.error]


def _option_row(each: FactoryOption) -> list[str | None]:
    default = "(required)" if each.default is None else each.default
    return [each.name, each.type, default, each.meaning]
