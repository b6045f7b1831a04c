"""``replay transcript``: what was said and done."""

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Final

import click

import replay
from replay.cli import output as standard_output
from replay.cli.arguments import location_argument, sessions_of
from replay.cli.output import output_to
from replay.cli.progress_bar import progress
from replay.coalescing.transcripts import LazyTranscript, lazy_transcript
from replay.rendering import FORMATS, Format, pieces
from replay.rendering.as_text import lines

_BLOCK: Final = 1 << 16  # characters that are written at once


@click.command("transcript")
@location_argument
@click.option("--session", "session_id", metavar="ID", help="Only this session.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="json is a document a line, one for each session.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(readable=False),
    help="Write to FILE, all or nothing.",
)
def command(
    *, location: str, session_id: str | None, format_: Format, output: str | None
) -> None:
    """Print what was said and done, turn by turn.

    That is done for all sessions of LOCATION, or for the one that is asked for.
    """
    is_page = output in (None, "-") and standard_output.is_terminal()
    render = _renderer(format_, is_page=is_page)
    chosen = sessions_of(location) if session_id is None else _one(location, session_id)
    with (
        progress("Reading", chosen, is_shown=not is_page) as sessions,
        output_to(output) as write,
    ):
        for number, session in enumerate(sessions):
            if number and format_ != "json":
                write("\n")
            for block in _blocks(render(lazy_transcript(session))):
                write(block)


def _one(location: str, session_id: str) -> Generator[replay.Session]:
    with replay.open(location) as source:
        yield source.session(session_id)


def _blocks(pieces: Iterable[str]) -> Iterator[str]:
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)


def _renderer(
    format_: Format, *, is_page: bool
) -> Callable[[LazyTranscript], Iterable[str]]:
    if not is_page or format_ != "text":
        return partial(pieces, format=format_)
    from replay.cli.terminal import Page  # noqa: PLC0415 - rich is slow to import

    page = Page()
    return lambda telling: page.text(lines(telling))
