"""Output of commands: text, tables, JSON lines, files and problems."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

import click

from replay.security.files import output_file
from replay.security.sanitization import escape_json, sanitize_line

STANDARD_OUTPUT: Final = "standard output"  #: its name in an OSError
FOUND_PROBLEMS: Final = 1  #: the exit code of a command that found problems

#: The option ``--json``, which a command's callback takes as ``as_json``.
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, one object per line."
)


def is_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def write(text: str) -> None:
    """Write *text* to standard output.

    Raises:
        OSError: It cannot be written; BrokenPipeError if the reader has closed it.
    """
    with _stream() as stream:
        stream.write(text)


def flush() -> None:
    """Flush standard output, with the same errors as :func:`write`."""
    if sys.stdout is not None:
        with _stream() as stream:
            stream.flush()


def abandon() -> None:
    """Discard buffered output, which the interpreter would write at exit."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _stream() -> Iterator[TextIO]:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), STANDARD_OUTPUT)
    try:
        yield sys.stdout
    except OSError as error:
        abandon()
        raise OSError(error.errno, error.strerror, STANDARD_OUTPUT) from error


@contextmanager
def output_to(path: str | None) -> Iterator[Callable[[str], None]]:
    """Yield a function that writes text to a file, or to standard output.

    See :func:`~replay.authoring.output_file`.

    Args:
        path: The file; None or ``-``: standard output.

    Raises:
        OSError: It cannot be written; an existing file is unchanged.
    """
    if path is None or path == "-":
        yield write
        return
    with output_file(path) as write_text:
        yield write_text


def say(problem: str, level: str = "error") -> None:
    """Write one line about a problem, a sentence without a full stop, to stderr.

    On a terminal, errors are red.
    """
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    shown = click.style(f"{level}:", fg="red") if level == "error" else f"{level}:"
    text = f"replay: {shown} {sanitize_line(problem)}"
    click.echo(text, err=True, color=False if is_plain else None)


def write_rows(titles: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Write a table on a terminal, else tab-separated lines; None: an empty cell."""
    safe = ([sanitize_line(each or "") for each in row] for row in rows)
    if is_terminal():
        from replay.cli.terminal import Page  # noqa: PLC0415 - rich is slow to import

        write(Page().table(titles, safe))
    else:
        for row in safe:
            write("\t".join(row) + "\n")


def write_objects(objects: Iterable[Mapping[str, object]]) -> None:
    """Write *objects* as JSON, one per line."""
    from replay.model import json_text  # noqa: PLC0415 - msgspec is slow to import

    for each in objects:
        write(escape_json(json_text.write_json(each).decode()) + "\n")
