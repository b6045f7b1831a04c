"""Sub-commands that packages register, ours among them, by entry point."""

from typing import NoReturn

import click

from replay.entry_points import failure, load, names
from replay.errors import ReplayError
from replay.sanitizing import sanitize_line


def others_names() -> list[str]:
    """Return the names that are registered, sorted; nothing is imported for it."""
    return names("command")


def others_command(name: str) -> click.Command | None:
    """Return what is registered under a name; None: nothing is.

    A broken one fails when it is used, not before, so that it harms neither the help
    nor the completion of the others.
    """
    if name not in others_names():
        return None
    try:
        found: object = load("command", name)
        if not isinstance(found, click.Command):
            raise failure(kind="command", name=name, reason="it is no command of click")
    except ReplayError as error:
        return _broken(name, error)
    return found


def _broken(name: str, error: ReplayError) -> click.Command:
    def fail(*, arguments: tuple[str, ...]) -> NoReturn:  # noqa: ARG001 - whatever they are
        raise error

    return click.Command(
        name,
        callback=fail,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
        short_help=sanitize_line(f"Cannot be used: {error}"),
    )
