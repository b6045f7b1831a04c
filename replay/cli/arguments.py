"""Arguments that several sub-commands share: a location, plugins, ``--json``."""

import re
from collections.abc import Callable, Generator, Iterable
from typing import Final, TypeVar

import click

import replay

_PLUGIN: Final = re.compile(r"(?P<name>.+?)(?::(?P<options>\w+=.*))?", re.DOTALL)
_NEXT_OPTION: Final = re.compile(r",(?=\w+=)")


def named_plugin(text: str, option: str) -> tuple[str, dict[str, str]]:
    """Split ``NAME[:KEY=VALUE,...]`` into the name and the options.

    Args:
        text: As the user typed it.
        option: The command's option, for messages.

    Raises:
        click.BadParameter: The name is empty, or an option is given twice.
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
_F = TypeVar("_F", bound=Callable[..., object])
_HINT: Final = (
    'a session is {"session_id": …, "events": […]}, a list of events, or either '
    "as JSON Lines"
)


def plugin_option(what: str, *, required: bool = False) -> Callable[[_F], _F]:
    """Return the option ``--plugin``; *what* says what the plugin does."""
    return click.option(
        "--plugin",
        "plugins",
        metavar="NAME[:KEY=VALUE,...]",
        required=required,
        multiple=True,
        help=f"{what}: an installed NAME, FILE.py or FILE.py::CLASS. Repeatable.",
    )


_LOCATION: Final = """

    LOCATION is a file, a directory, a URL, - for standard input, NAME:location for an
    installed backend, or FILE.py::CLASS:location for a backend in a file.
"""


def location_argument(function: _F) -> _F:
    """Give a command the argument LOCATION, and describe it in its help."""
    function.__doc__ = (function.__doc__ or "").rstrip() + _LOCATION
    return click.argument("location", type=click.Path(readable=False))(function)


def sessions_of(
    location: str, session_id: str | None = None
) -> Generator[replay.Session]:
    """Yield the sessions at *location*, opened when the first is asked for.

    Args:
        location: As the user gave it.
        session_id: The only one that is wanted; None: all of them.

    Raises:
        SessionNotFoundError: There is none.
    """
    with replay.open(location) as source:
        if session_id is None:
            yield from _at_least_one(source, source.sessions())
        else:
            yield source.session(session_id)


def summaries_of(location: str) -> Generator[replay.SessionSummary]:
    """Yield the header of every session at *location*.

    Raises:
        SessionNotFoundError: It holds none.
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
