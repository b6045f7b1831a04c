"""A plugin as a user names it, with its options."""

import re
from typing import Final

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
