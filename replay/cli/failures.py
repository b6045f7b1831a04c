"""Error messages on standard error, and exit codes."""

import re
from typing import Final, cast

import click
from click.exceptions import Exit, NoArgsIsHelpError

from replay.cli import output
from replay.cli.output import FOUND_PROBLEMS, say
from replay.errors import (
    BatchError,
    PluginError,
    ReplayError,
    text_of,
    trace_of,
    words_of,
)
from replay.security.sanitization import sanitize

COMMAND_FAILED: Final = 2  # an exit code


def report_error(error: Exception, *, is_traceback_wanted: bool = False) -> int:
    """Print an error to standard error, and return the exit code.

    If it cannot be printed, the code says that an output cannot be written.
    """
    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if failure := output_failure(error):
        output.abandon()
        if isinstance(failure, BrokenPipeError):
            return 0
        error = failure
    try:
        if is_traceback_wanted:
            click.echo(sanitize(trace_of(error)), err=True)
        say(_sentence(error))
    except OSError:
        return COMMAND_FAILED
    return FOUND_PROBLEMS if _is_of_a_hook(error) else COMMAND_FAILED


def output_failure(error: Exception) -> OSError | None:
    """Return the failure of standard output behind an error; None: there is none.

    A BrokenPipeError isn't an error: the reader has closed the pipe.
    """
    cause = error.__cause__ if isinstance(error, PluginError) else error
    if not issubclass(type(cause), OSError):  # its __class__ may fail
        return None
    failure = cast("OSError", cause)
    is_ours = failure.filename == output.STANDARD_OUTPUT
    return failure if is_ours or isinstance(failure, BrokenPipeError) else None


def is_closed_pipe(error: Exception) -> bool:
    """Tell whether the reader has closed the pipe, which isn't an error."""
    return isinstance(output_failure(error), BrokenPipeError)


def _is_of_a_hook(error: Exception) -> bool:
    if isinstance(error, BatchError):
        return error.cause == PluginError.code
    return isinstance(error, PluginError) and bool(error.hook and error.__cause__)


def _sentence(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, ReplayError):
        return text_of(error)
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{error.filename or repr('')}: "
        return f"{place}{error.strerror[:1].lower()}{error.strerror[1:]}"
    return f"{words_of(error)} (a bug in replay; replay --traceback … shows where)"


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    message = re.sub(r"\.? Did you mean ", ": did you mean ", message, count=1)
    context = getattr(error, "ctx", None)
    return f"{message} (see {context.command_path} --help)" if context else message
