"""``replay copy``, which writes sessions into a directory or a store."""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import click

import replay
from replay.cli.arguments import locations_argument
from replay.cli.failures import COMMAND_FAILED
from replay.cli.input import Location
from replay.cli.output import FOUND_PROBLEMS, say
from replay.cli.progress_bar import progress
from replay.cli.rewriters import Rewriter, rewriting, rewriting_options
from replay.codec.history import parts_of
from replay.security.sanitization import sanitize_line
from replay.sources.protocols import WritableBackend
from replay.sources.source import names_backend


@click.command("copy")
@locations_argument
@click.argument("directory", type=click.Path(readable=False))
@rewriting_options
def command(*, location: Location, directory: str, **rewrite: Any) -> int:  # noqa: ANN401 - checked by click
    """Copy sessions into a directory.

    Writes every session of LOCATION into DIRECTORY, one file each. DIRECTORY is a
    directory, created if missing, or the location of a backend that can write, such
    as s3://bucket/directory. Only files named after the same ids are replaced. If
    copying was interrupted, run it again to complete it.
    """
    with rewriting(**rewrite) as rewriter:
        return copy_all(location, (), directory, rewriter)


def copy_all(
    location: Location,
    session_ids: Sequence[str],
    directory: str,
    rewriter: Rewriter | None,
    seen: Callable[[replay.Session], object] = bool,
) -> int:
    """Write sessions into a directory, say how many, and return the exit code.

    Args:
        location: Where they are; if none can be read, nothing is created.
        session_ids: As for :meth:`~replay.cli.input.Location.sessions`.
        directory: A fixture directory, created if missing, or a backend's location.
        rewriter: Rewrites them, and is closed at the end; None: they stay as they are.
        seen: Called with each session that was written.
    """
    for text in location.texts:
        _check_apart(text, directory)
    is_complete = True
    count = 0
    broken: list[replay.UnknownEvent] = []
    found = _with_broken_lines(location.sessions(session_ids), broken)
    if rewriter:
        location.redact = rewriter.error
        found = rewriter.all(found)
    with progress("Copying", found) as sessions:
        first = next(sessions)  # before anything is created
        with _open_to_write(directory) as target:
            for session in chain([first], sessions):
                if session.repetition:
                    is_complete = False
                    say(f"not copied: another session with id {session.session_id!a}")
                elif _is_written(target, session, location):
                    count += 1
                    seen(session)
                    if broken:
                        _warn_of(broken, session.session_id)
    if rewriter:
        rewriter.close()
    noun = "session" if count == 1 else "sessions"
    click.echo(
        f"replay: {count:,} {noun} copied to {sanitize_line(directory)}", err=True
    )
    if not count:
        return COMMAND_FAILED
    return location.code if is_complete else FOUND_PROBLEMS


def _is_written(
    target: replay.Source, session: replay.Session, location: Location
) -> bool:
    """Write a session; if only this one cannot be written, print why not."""
    try:
        target.write(session)
    except (replay.DecodeError, replay.BackendError) as error:
        # An error behind it, such as a full disk, would stop every session.
        is_of_all = isinstance(error, replay.BackendError) and error.__context__
        if is_of_all or location.fail_fast:
            raise
        location.note(error)
        return False
    return True


def _with_broken_lines(
    sessions: Generator[replay.Session], broken: list[replay.UnknownEvent]
) -> Generator[replay.Session]:
    """Yield the sessions; put the broken lines of the latest into a list.

    They are looked for before sessions are rewritten, which may take long.
    """
    with closing(sessions):
        for session in sessions:
            events = session.events if session.shape == "lines" else ()
            broken[:] = (
                part
                for _, part in parts_of(events)
                if isinstance(part, replay.UnknownEvent) and not part.is_event
            )
            yield session


def _warn_of(broken: Sequence[replay.UnknownEvent], session_id: str) -> None:
    noun = "broken line" if len(broken) == 1 else "broken lines"
    reason = f"the text of {len(broken):,} {noun} was copied as JSON strings"
    first = f"{broken[0].code}: {broken[0].reason}"
    say(f"session {session_id!a}: {reason} ({first})", "warning")


def _check_apart(location: str, directory: str) -> None:
    """Refuse to copy a directory into itself, where each session would be twice."""
    paths = [each.removeprefix("fixture_directory:") for each in (location, directory)]
    if _is_elsewhere(paths[1]):
        return
    source, target = (Path(os.path.realpath(each)) for each in paths)
    if source.is_dir() and target.is_relative_to(source):
        reason = f"it is the directory {location}, or in it"
        hint = "copy to a directory elsewhere"
        raise replay.BackendError(directory, reason, hint)


def _is_elsewhere(directory: str) -> bool:
    """Tell whether a target is the location of a backend, not a directory's path."""
    return names_backend(directory) or "://" in directory


def _open_to_write(directory: str) -> replay.Source:
    is_elsewhere = _is_elsewhere(directory)
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
