"""The option ``--session``: sessions by their ids, or by the beginnings of these."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import attrs
import click

import replay
from replay.registry import nearest

_SHOWN: Final = 3  # ids in a message
_COMPARED: Final = 10_000  # ids that a misspelt one is compared with, which is slow

_Result = TypeVar("_Result")
_F = TypeVar("_F", bound=Callable[..., object])


def session_option(what: str) -> Callable[[_F], _F]:
    """Return the option ``--session``; *what* is done with it."""
    return click.option(
        "--session",
        "session_ids",
        metavar="ID",
        multiple=True,
        help=f"{what} the session with this id, or its beginning. Repeatable.",
    )


def chosen(source: replay.Source, session_ids: Iterable[str]) -> list[replay.Session]:
    """Return the sessions with some ids, or beginnings of ids, in that order.

    Raises:
        SessionNotFoundError: As from :func:`with_session`.
        DecodeError, BackendError: It cannot be read, or may be in what cannot be.
    """
    ids = dict.fromkeys(session_ids)
    errors = (replay.DecodeError, replay.BackendError)
    return [with_session(source, each, source.session, errors) for each in ids]


def with_session(
    source: replay.Source,
    session_id: str,
    use: Callable[[str], _Result],
    errors: tuple[type[replay.ReplayError], ...] = (replay.SessionNotFoundError,),
) -> _Result:
    """Return what *use* returns for a session.

    Args:
        source: Where the session is.
        session_id: Its id, or a beginning that no other id there has.
        use: A function of an id, called again with the whole id if there is no session
            with that id.
        errors: What *use* raises if there is none, or none that can be found.

    Raises:
        SessionNotFoundError: No session has that id, or several begin like that.
    """
    try:
        return use(session_id)
    except errors as error:
        return use(_whole_id(source, session_id, error))


def _whole_id(source: replay.Source, beginning: str, error: replay.ReplayError) -> str:
    """Return the only id that begins like that, or raise the error with a hint."""
    if error.retryable:
        raise error
    try:
        ids = [each.session_id for each in source.summaries(unreadable=_pass_over)]
    except replay.ReplayError:
        raise error from None
    if not beginning or beginning in ids:  # it is listed, but gone
        raise error
    found = [each for each in dict.fromkeys(ids) if each.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if not isinstance(error, replay.SessionNotFoundError):
        raise error  # the session may be in what cannot be read
    if found:
        some = ", ".join(f"{each!a}" for each in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN:,} more" if found[_SHOWN:] else ""
        reason = f"{len(found):,} sessions begin with {beginning!a}: {some}{more}"
        raise attrs.evolve(error, reason=reason, hint="give more of the id")
    raise attrs.evolve(error, hint=nearest(beginning, ids[:_COMPARED]) or error.hint)


def _pass_over(_: object) -> None:
    pass
