"""What the sub-commands that read a location have in common."""

import re
from collections.abc import Generator, Iterable
from typing import Final, TypeVar

import click

import replay

_PLUGIN: Final = re.compile(r"(?P<name>.+?)(?::(?P<options>\w+=.*))?", re.DOTALL)
_NEXT_OPTION: Final = re.compile(r",(?=\w+=)")


def plugin_of(text: str, option: str) -> object:
    """Return the plugin that ``NAME[:KEY=VALUE,...]`` names.

    Args:
        text: What the user gave.
        option: The command's option that it was given for, for messages.

    Raises:
        UnknownNameError: No plugin, or no option of it, has that name.
        PluginError: It cannot be started.
    """
    name, options = named_plugin(text, option)
    return replay.load_plugin(name, **options)


def named_plugin(text: str, option: str) -> tuple[str, dict[str, str]]:
    """Return the name and the options in ``NAME[:KEY=VALUE,...]``.

    Args:
        text: What the user gave.
        option: The command's option that it was given for, for messages.

    Raises:
        click.BadParameter: There is no name, or an option is given twice.
    """
    match = _PLUGIN.fullmatch(text)
    if match is None:
        message = "a plugin's name is empty"
        raise click.BadParameter(message, param_hint=option)
    return match["name"], _options_in(match["options"] or "", option)


def _options_in(text: str, option: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for each in _NEXT_OPTION.split(text):
        key, is_given, value = each.partition("=")
        if key in options:
            message = f"{key!r} is given twice"
            raise click.BadParameter(message, param_hint=option)
        if is_given:
            options[key] = value
    return options


_Item = TypeVar("_Item")
_HINT: Final = (
    'a session is {"session_id": …, "events": […]}, a list of events, or either '
    "as JSON Lines"
)

location_argument = click.argument("location", type=click.Path(readable=False))
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, an object a line."
)


def sessions_of(location: str) -> Generator[replay.Session]:
    """Yield every session at *location*, which is opened when the first is asked for.

    Raises:
        SessionNotFoundError: There is none.
    """
    with replay.open(location) as source:
        yield from _at_least_one(source, source.sessions())


def summaries_of(location: str) -> Generator[replay.SessionSummary]:
    """Yield the header of every session, as :func:`sessions_of` does the whole.

    Raises:
        SessionNotFoundError: There is no session.
    """
    with replay.open(location) as source:
        yield from _at_least_one(source, source.summaries())


def _at_least_one(source: replay.Source, found: Iterable[_Item]) -> Generator[_Item]:
    is_empty = True
    for each in found:
        is_empty = False
        yield each
    if is_empty:
        raise replay.SessionNotFoundError(source.location, "holds no session", _HINT)
