"""``replay transcript``, which prints what was said and done."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import click

from replay.cli import output as standard_output
from replay.cli.arguments import location_argument, sessions_of
from replay.cli.output import output_to
from replay.cli.progress_bar import progress
from replay.coalescing.transcripts import lazy_transcript
from replay.model.sessions import Session
from replay.rendering import FORMATS, Format, render_pieces
from replay.rendering.sections import lines

_BLOCK: Final = 1 << 16  # characters per write


@click.command("transcript")
@location_argument
@click.option("--session", "session_id", metavar="ID", help="Print only this session.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="json prints one document per line, one for each session.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(readable=False),
    help="Write to FILE, whole or not at all.",
)
def command(
    *, location: str, session_id: str | None, format_: Format, output: str | None
) -> None:
    """Print what was said and done, turn by turn.

    Prints the transcript of every session of LOCATION, or of one of them.
    """
    is_page = output in (None, "-") and standard_output.is_terminal()
    render = _renderer(format_, is_page=is_page)
    chosen = sessions_of(location, session_id)
    with (
        progress("Reading", chosen, is_shown=not is_page) as sessions,
        output_to(output) as write,
    ):
        for number, session in enumerate(sessions):
            if number and format_ != "json":
                write("\n")
            for block in _blocks(render(session)):
                write(block)


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


def _renderer(format_: Format, *, is_page: bool) -> Callable[[Session], Iterable[str]]:
    if not is_page or format_ != "text":
        return partial(render_pieces, format=format_)
    from replay.cli.terminal import Page  # noqa: PLC0415 - rich is slow to import

    page = Page()
    return lambda session: page.text(lines(lazy_transcript(session)))
