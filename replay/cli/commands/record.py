"""``replay record``, which saves a service's sessions or a live turn."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import click

import replay
from replay.cli import output
from replay.cli.arguments import location_argument
from replay.cli.commands.copy import copy_all
from replay.cli.input import Location
from replay.cli.output import FOUND_PROBLEMS, say
from replay.cli.rewriters import Rewriter, rewriting, rewriting_options
from replay.cli.session_ids import session_option, with_session
from replay.coalescing.surrogates import join_surrogates
from replay.security.sanitization import sanitize, sanitize_line
from replay.sources.live_stream import LiveBackend, may_be_kept


@click.command("record")
@location_argument
@click.argument("directory", type=click.Path(readable=False))
@session_option("Record only")
@click.option("--prompt", metavar="TEXT", help="Send this prompt, and record the turn.")
@click.option(
    "--index",
    "indexes",
    metavar="ID",
    multiple=True,
    help="Index to ask; by default, the session's own. Repeatable.",
)
@rewriting_options
def command(
    *,
    location: Location,
    directory: str,
    session_ids: tuple[str, ...],
    prompt: str | None,
    indexes: tuple[str, ...],
    **rewrite: Any,  # noqa: ANN401 - checked by click
) -> int:
    """Record sessions, or one live turn, into a fixture directory.

    Without --prompt, writes the sessions of LOCATION into DIRECTORY, one file each.

    With --prompt, which needs one --session, adds one turn to the session, prints its
    text as it arrives, and writes every event into DIRECTORY before printing it.
    """
    if prompt is None and indexes:
        message = "--index needs --prompt"
        raise click.UsageError(message)
    if prompt is not None and len(session_ids) != 1:
        message = "--prompt needs one --session"
        raise click.UsageError(message)
    with rewriting(**rewrite) as rewriter:
        if prompt is None:
            return copy_all(location, session_ids, directory, rewriter)
        rewritten = rewriter.session if rewriter else None
        with location.open() as source:

            def send(session_id: str) -> replay.LiveStream:
                asked = indexes or _indexes_of(source, session_id)
                return source.stream(
                    session_id, prompt, asked, record_to=directory, rewrite=rewritten
                )

            stream = with_session(source, session_ids[0], send)
            return _record_turn(stream, directory, rewriter)


def _record_turn(
    stream: replay.LiveStream, directory: str, rewriter: Rewriter | None
) -> int:
    numbers = count(1)  # the first is the prompt's
    with stream:
        events = (event for event, _ in zip(_events(stream), numbers, strict=False))
        code = _print(events)
    if rewriter:
        rewriter.close()
    place = sanitize_line(directory)
    total = next(numbers)
    noun = "event" if total == 1 else "events"
    click.echo(f"replay: {total:,} {noun} recorded in {place}", err=True)
    return code


def _indexes_of(source: replay.Source, session_id: str) -> tuple[str, ...]:
    """Return the indexes that a session is bound to."""
    if not isinstance(source.backend, LiveBackend):
        return ()  # no prompt can be sent
    if indexes := source.session(session_id).index_ids:
        return indexes
    message = f"session {session_id!a} has no indexes of its own: give --index"
    raise click.UsageError(message)


def _events(stream: replay.LiveStream) -> Iterator[replay.Event]:
    """Yield a turn's events; if the stream breaks off, fetch the rest."""
    try:
        yield from stream
    except replay.StreamInterruptedError as error:
        if not may_be_kept(error):
            raise
        say(str(error), "warning")
        yield from stream.rest()


def _print(events: Iterator[replay.Event]) -> int:
    """Print a turn's text as it arrives, and return the exit code."""
    code = FOUND_PROBLEMS  # unless the turn ends well
    shown = ""  # printed text that no message has covered yet
    for item in replay.coalesce(events):
        match item:
            case replay.TextDelta(content):
                _write(content)
                shown += content
            case replay.Message(kind="text", content=content):
                _write(_rest(content, join_surrogates(shown)) + "\n")
                shown = join_surrogates(shown)[len(content) :]
            case replay.Stop(is_error=True, error=error):
                say(f"the turn failed: {error or 'no reason is given'}")
            case replay.Stop():
                code = 0
    return code


def _rest(message: str, shown: str) -> str:
    """Return the part of a message that hasn't been printed yet."""
    if shown.startswith(message):
        return ""
    return message[len(shown) :] if message.startswith(shown) else f"\n{message}"


def _write(text: str) -> None:
    output.write(sanitize(text))
    output.flush()
