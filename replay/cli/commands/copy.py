"""``replay copy``: any sessions into a directory, here or far away."""

from collections.abc import Generator
from itertools import chain
from typing import Final

import click

import replay
from replay.cli.arguments import location_argument, sessions_of
from replay.cli.failures import FOUND_PROBLEMS, say
from replay.cli.progress_bar import progress
from replay.cli.redaction import Redaction, redact_options, redacting
from replay.sources.protocols import WritableBackend
from replay.sources.source import names_backend

_DIRECTORY: Final = "fixture_directory"
_URL: Final = "://"


@click.command("copy")
@location_argument
@click.argument("directory", type=click.Path(readable=False))
@redact_options
def command(
    *, location: str, directory: str, is_redacted: bool, redact_options: tuple[str, ...]
) -> int:
    """Copy sessions into a directory.

    All sessions of LOCATION are written into DIRECTORY, a file each. It is a fixture
    directory, or the location of a backend that can write, such as
    s3://bucket/directory. What is there already stays, but for files that bear their
    ids. Where copying broke off, copying again completes it.
    """
    with redacting(redact_options, is_wanted=is_redacted) as redaction:
        return copy_all(sessions_of(location), directory, redaction)


def copy_all(
    found: Generator[replay.Session], directory: str, redaction: Redaction | None
) -> int:
    """Write sessions into a directory, and return the exit code.

    Args:
        found: At least one; where its first cannot be had, nothing is created.
        directory: A fixture directory, which is made where it is missing, or the
            location of a backend.
        redaction: Replaces their secrets, and says so in the end; None: nothing does.
    """
    is_complete = True
    found = redaction.of(found) if redaction else found
    with progress("Copying", found) as sessions:
        first = next(sessions)  # before anything is created
        with _open_to_write(directory) as target:
            for session in chain([first], sessions):
                if _is_repeated(session):
                    is_complete = False
                    say(f"another session is called {session.session_id!a}; not copied")
                else:
                    target.write(session)
    if redaction:
        redaction.report()
    return 0 if is_complete else FOUND_PROBLEMS


def _is_repeated(session: replay.Session) -> bool:
    return any(each.code == "repeated-session-id" for each in session.diagnostics)


def _open_to_write(directory: str) -> replay.Source:
    is_elsewhere = names_backend(directory) or _URL in directory
    location = directory if is_elsewhere else f"{_DIRECTORY}:{directory}"
    try:
        source = replay.open(location, create=True)
    except replay.UnknownNameError:  # it has no such option
        source = replay.open(location)
    if isinstance(source.backend, WritableBackend):
        return source
    source.close()
    reason = f"{type(source.backend).__name__} cannot write sessions"
    hint = "name a directory, or a URL such as s3://bucket/directory"
    raise replay.UnsupportedError(directory, reason, hint)
