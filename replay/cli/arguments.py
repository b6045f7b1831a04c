"""Arguments that several sub-commands share: a location, plugins, ``--json``."""

import re
from collections.abc import Callable
from functools import wraps
from glob import escape, glob
from typing import Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from replay.cli.input import Location
from replay.registry import names, nearest


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
    installed backend or format, or FILE.py::CLASS:location for one in a file.
"""
_SEVERAL: Final = """    Several may be given, and quoted
    patterns such as "logs/**/*.jsonl".
"""


def locations_argument(function: Callable[..., object]) -> Callable[..., object]:
    """Give a command the argument LOCATION..., as :func:`location_argument`."""
    argument = click.argument(
        "locations", metavar="LOCATION...", nargs=-1, required=True, type=_PATH
    )
    return _with_location(function, argument, _LOCATION + _SEVERAL)


def location_argument(function: Callable[..., object]) -> Callable[..., object]:
    """Give a command the argument LOCATION and the options to read it.

    The command takes ``location``, a :class:`~replay.cli.input.Location`.
    """
    argument = click.argument("locations", metavar="LOCATION", type=_PATH)
    return _with_location(function, argument, _LOCATION)


class _LocationType(click.Path):
    """A path, or the name of a backend or a format before a colon."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found = super().shell_complete(ctx, param, incomplete)
        if not incomplete or glob(f"{escape(incomplete)}*"):  # noqa: PTH207 - a string
            return found
        known = [*names("backend"), *names("format")]
        begun = [each for each in known if each.startswith(incomplete)]
        return [CompletionItem(f"{each}:") for each in begun] or found


_PATH: Final = _LocationType(readable=False)


def _with_location(
    function: Callable[..., object],
    argument: Callable[[Callable[..., object]], Callable[..., object]],
    help_text: str,
) -> Callable[..., object]:
    @argument
    @click.option(
        "--fail-fast", is_flag=True, help="Stop at a file that cannot be read."
    )
    @click.option(
        "--option",
        "options",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_key_values,
        help="Option for the backend, such as strict=true. Repeatable.",
    )
    @wraps(function)
    def command(
        locations: str | tuple[str, ...],
        *,
        options: dict[str, str],
        fail_fast: bool,
        **rest: object,
    ) -> object:
        texts = (locations,) if isinstance(locations, str) else locations
        return function(location=Location(texts, options, fail_fast), **rest)

    command.__doc__ = (function.__doc__ or "").rstrip() + help_text
    return command


def _key_values(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Return options by name."""
    options: dict[str, str] = {}
    for each in given:
        key, is_given, value = each.partition("=")
        if not is_given or key in options:
            reason = f"{key!r} is given twice" if is_given else f"{each!r} has no ="
            raise click.BadParameter(reason, context, parameter)
        options[key] = value
    return options
