"""Arguments that several sub-commands share: a location, plugins, ``--json``."""

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final, TypeVar

import click

import replay
from replay.cli.session_ids import chosen
from replay.registry import nearest


class Choice(click.Choice[str]):
    """A choice of words; a misspelt one is refused with the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ANN401 - as in click
        """Return the message for a word that isn't one of the choices."""
        message = super().get_invalid_choice_message(value, ctx).rstrip(".")
        question = nearest(value, self.choices)
        return f"{message}: {question}" if question else message


_PLUGIN: Final = re.compile(r"(?P<name>.+?)(?::(?P<options>\w+=.*))?", re.DOTALL)
_HALF_OPTION: Final = re.compile(r"(?P<name>[^:]+):(?P<rest>\w+)(,.*)?", re.DOTALL)
_NEXT_OPTION: Final = re.compile(r",(?=\w+=)")


def named_plugin(text: str, option: str) -> tuple[str, dict[str, str]]:
    """Split ``NAME[:KEY=VALUE,...]``, given for an option, into name and options.

    Raises:
        click.BadParameter: The name is empty, or an option is given twice or has no
            value.
    """
    match = _PLUGIN.fullmatch(text)
    if match is None:
        message = "a plugin's name is empty"
        raise click.BadParameter(message, param_hint=option)
    if mistake := _HALF_OPTION.fullmatch(text):
        plugin, rest = mistake["name"], mistake["rest"]
        message = f"{rest!r} has no value: {plugin}:{rest}=VALUE sets an option"
        if plugin.endswith(".py"):
            message += f", {plugin}::{rest} names a class"
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
    location: str, session_ids: Sequence[str] = ()
) -> Generator[replay.Session]:
    """Yield the sessions at *location*, or only those with some ids.

    The location is opened when the first session is requested.

    Args:
        location: Where they are.
        session_ids: Ids, or beginnings that only one id has, in the order to yield;
            empty: all sessions.

    Raises:
        SessionNotFoundError: There is no such session, or none at all.
    """
    with replay.open(location) as source:
        if session_ids:
            yield from chosen(source, session_ids)
        else:
            yield from _at_least_one(source, source.sessions())


def summaries_of(location: str) -> Generator[replay.SessionSummary]:
    """Yield the header of every session at *location*.

    Raises:
        SessionNotFoundError: The location holds no session.
    """
    with replay.open(location) as source:
        yield from _at_least_one(source, source.summaries())


def _at_least_one(source: replay.Source, found: Iterable[_Item]) -> Generator[_Item]:
    is_empty = True
    for each in found:
        is_empty = False
        yield each
    if is_empty:
        from replay.codec.documents import (  # noqa: PLC0415 - slow to import
            NO_SESSION_HINT as HINT,
        )

        raise replay.SessionNotFoundError(source.location, "holds no session", HINT)
