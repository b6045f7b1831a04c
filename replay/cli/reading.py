"""What the sub-commands that read a location have in common."""

from collections.abc import Generator, Iterable
from typing import Final, TypeVar

import click

import replay

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
