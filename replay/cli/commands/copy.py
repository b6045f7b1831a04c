"""``replay copy``, which writes sessions into a directory or a store."""

from collections.abc import Generator
from itertools import chain
from typing import Any

import click

import replay
from replay.cli.arguments import location_argument, sessions_of
from replay.cli.output import FOUND_PROBLEMS, say
from replay.cli.progress_bar import progress
from replay.cli.rewriters import Rewriter, rewriting, rewriting_options
from replay.sources.protocols import WritableBackend
from replay.sources.source import names_backend


@click.command("copy")
@location_argument
@click.argument("directory", type=click.Path(readable=False))
@rewriting_options
def command(*, location: str, directory: str, **rewrite: Any) -> int:  # noqa: ANN401 - checked by click
    """Copy sessions into a directory.

    Writes every session of LOCATION into DIRECTORY, one file each. DIRECTORY is a
    directory, created if missing, or the location of a backend that can write, such
    as s3://bucket/directory. Only files named after the same ids are replaced. If
    copying was interrupted, run it again to complete it.
    """
    with rewriting(**rewrite) as rewriter:
        return copy_all(sessions_of(location), directory, rewriter)


def copy_all(
    found: Generator[replay.Session], directory: str, rewriter: Rewriter | None
) -> int:
    """Write sessions into a directory, and return the exit code.

    Args:
        found: At least one session; if the first can't be read, nothing is created.
        directory: A fixture directory, created if missing, or a backend's location.
        rewriter: Rewrites them, and is closed at the end; None: they stay as they are.
    """
    is_complete = True
    found = rewriter.all(found) if rewriter else found
    with progress("Copying", found) as sessions:
        first = next(sessions)  # before anything is created
        with _open_to_write(directory) as target:
            for session in chain([first], sessions):
                if session.repetition:
                    is_complete = False
                    say(f"not copied: another session with id {session.session_id!a}")
                else:
                    target.write(session)
    if rewriter:
        rewriter.close()
    return 0 if is_complete else FOUND_PROBLEMS


def _open_to_write(directory: str) -> replay.Source:
    is_elsewhere = names_backend(directory) or "://" in directory
    location = directory if is_elsewhere else f"fixture_directory:{directory}"
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
