"""``replay transcript``, which prints what was said and done."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

import click

from replay.cli import output as standard_output
from replay.cli.arguments import Choice, locations_argument
from replay.cli.input import Location
from replay.cli.output import output_to
from replay.cli.progress_bar import progress
from replay.cli.session_ids import session_option
from replay.coalescing.transcripts import lazy_transcript
from replay.model.sessions import Session
from replay.rendering import FORMATS, Format, render_pieces
from replay.rendering.sections import lines

_BLOCK: Final = 1 << 16  # characters per write
_SUFFIXES: Final[Mapping[str, Format]] = MappingProxyType(
    {
        ".md": "markdown",
        ".markdown": "markdown",
        ".json": "json",
        ".jsonl": "json",
        ".ndjson": "json",
    }
)


@click.command("transcript")
@locations_argument
@session_option("Print only")
@click.option(
    "--format",
    "format_",
    type=Choice(FORMATS),
    help="json prints one document per line, one for each session.  [default: text, or "
    "by FILE's suffix: .md, .json]",
)
@click.option(
    "--all",
    "whole",
    is_flag=True,
    help="Show the records of other formats that aren't messages, too, not only their "
    "sizes.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(readable=False),
    help="Write to FILE, whole or not at all.",
)
def command(
    *,
    location: Location,
    session_ids: tuple[str, ...],
    format_: Format | None,
    whole: bool,
    output: str | None,
) -> int:
    """Print what was said and done, turn by turn.

    Prints the transcript of every session of LOCATION, or of some of them.
    """
    format_ = format_ or _format_of(output)
    is_page = output in (None, "-") and standard_output.is_terminal()
    render = _renderer(format_, is_page=is_page, whole=whole)
    chosen = location.sessions(session_ids)
    with (
        progress("Reading", chosen, is_shown=not is_page) as sessions,
        output_to(output) as write,
    ):
        is_first = True
        for session in sessions:
            if not is_first and format_ != "json":
                write("\n")
            is_first = False
            for block in _blocks(render(session)):
                write(block)
    return location.code


def _format_of(path: str | None) -> Format:
    """Return the format that a file's suffix stands for."""
    return _SUFFIXES.get(PurePath(path or "").suffix.lower(), "text")


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
    format_: Format, *, is_page: bool, whole: bool
) -> Callable[[Session], Iterable[str]]:
    if not is_page or format_ != "text":
        return partial(render_pieces, format=format_, whole=whole)
    from replay.cli.terminal import Page  # noqa: PLC0415 - rich is slow to import

    page = Page()
    return lambda session: page.text(lines(lazy_transcript(session), whole=whole))
