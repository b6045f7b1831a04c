"""``replay record``: what a service has, or says now, into a fixture directory."""

from collections.abc import Generator, Iterator

import click

import replay
from replay.cli import output
from replay.cli.arguments import location_argument, sessions_of
from replay.cli.commands.copy import copy_all
from replay.cli.failures import FOUND_PROBLEMS, say
from replay.cli.redaction import Redaction, redact_options, redacting
from replay.coalescing.texts import joined
from replay.security.sanitization import sanitize
from replay.sources.live_stream import may_be_kept


@click.command("record")
@location_argument
@click.argument("directory", type=click.Path(readable=False))
@click.option("--session", "session_id", metavar="ID", help="Only this session.")
@click.option("--prompt", metavar="TEXT", help="Send this, and record the turn.")
@click.option(
    "--index", "index_ids", metavar="ID", multiple=True, help="Ask this index."
)
@redact_options
def command(  # noqa: PLR0913 - an argument for each option
    *,
    location: str,
    directory: str,
    session_id: str | None,
    prompt: str | None,
    index_ids: tuple[str, ...],
    is_redacted: bool,
    redact_options: tuple[str, ...],
) -> int:
    """Record sessions, or one live turn, into a fixture directory.

    Without --prompt, the sessions of LOCATION are written into DIRECTORY, a file each.
    With it, one turn is added to a session, its text is printed as it arrives, and
    every event of it is written into DIRECTORY before it is printed.
    """
    if prompt is None and index_ids:
        message = "--index needs --prompt"
        raise click.UsageError(message)
    if prompt is not None and session_id is None:
        message = "--prompt needs --session"
        raise click.UsageError(message)
    with redacting(redact_options, is_wanted=is_redacted) as redaction:
        if session_id is None:
            return copy_all(sessions_of(location), directory, redaction)
        if prompt is None:
            return copy_all(_one(location, session_id), directory, redaction)
        turn = session_id, prompt, index_ids
        return _record_turn(location, directory, turn, redaction)


def _record_turn(
    location: str,
    directory: str,
    turn: tuple[str, str, tuple[str, ...]],
    redaction: Redaction | None,
) -> int:
    rewrite = redaction.rewrite if redaction else None
    with (
        replay.open(location) as source,
        source.stream(*turn, record_to=directory, rewrite=rewrite) as stream,
    ):
        code = _print(_events(stream))
    if redaction:
        redaction.report()
    return code


def _one(location: str, session_id: str) -> Generator[replay.Session]:
    with replay.open(location) as source:
        yield source.session(session_id)


def _events(stream: replay.LiveStream) -> Iterator[replay.Event]:
    """Yield a turn's events; where it broke off, also what the service has of it."""
    try:
        yield from stream
    except replay.StreamInterruptedError as error:
        if not may_be_kept(error):
            raise
        say(str(error), "warning")
        yield from stream.rest()


def _print(events: Iterator[replay.Event]) -> int:
    """Print a turn's text as it arrives, and return the exit code."""
    code = FOUND_PROBLEMS  # unless the turn comes to a good end
    shown = ""  # of the text that no message has followed yet
    for item in replay.coalesce(events):
        match item:
            case replay.TextDelta(content):
                _write(content)
                shown += content
            case replay.Message(kind="text", content=content):
                _write(_rest(content, joined(shown)) + "\n")
                shown = joined(shown)[len(content) :]
            case replay.Stop(is_error=True, error=error):
                say(f"the turn failed: {error or 'no reason is given'}")
            case replay.Stop():
                code = 0
    return code


def _rest(message: str, shown: str) -> str:
    """Return what is still to be printed of a message."""
    if shown.startswith(message):
        return ""
    return message[len(shown) :] if message.startswith(shown) else f"\n{message}"


def _write(text: str) -> None:
    output.write(sanitize(text))
    output.flush()
