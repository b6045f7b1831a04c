"""``replay copy``: any sessions into a fixture directory."""

from collections.abc import Generator
from itertools import chain

import click

import replay
from replay.cli.failures import FOUND_PROBLEMS, say
from replay.cli.progress import progress
from replay.cli.reading import location_argument, sessions_of


@click.command("copy")
@location_argument
@click.argument("directory", type=click.Path(readable=False))
def command(*, location: str, directory: str) -> int:
    """Copy sessions into a fixture directory.

    All sessions of LOCATION are written into DIRECTORY, a file each. What is
    there already stays, but for files that bear their ids. Where copying broke off,
    copying again completes it.
    """
    return copy_all(sessions_of(location), directory)


def copy_all(found: Generator[replay.Session], directory: str) -> int:
    """Write sessions into a fixture directory, and return the exit code.

    Args:
        found: At least one; where its first cannot be had, nothing is created.
        directory: It is made where it is missing.
    """
    is_complete = True
    with progress("Copying", found) as sessions:
        first = next(sessions)  # before anything is created
        with replay.open(f"fixture_directory:{directory}", create=True) as target:
            for session in chain([first], sessions):
                if _is_repeated(session):
                    is_complete = False
                    say(f"another session is called {session.session_id!a}; not copied")
                else:
                    target.write(session)
    return 0 if is_complete else FOUND_PROBLEMS


def _is_repeated(session: replay.Session) -> bool:
    return any(each.code == "repeated-session-id" for each in session.diagnostics)
