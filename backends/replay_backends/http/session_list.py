"""The service's sessions: listed in pages, fetched one by one, and in portions."""

import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

import attrs

from replay import Portion, Session, SessionSummary, Stored
from replay.authoring import (
    KEPT_IN_MEMORY,
    SourceText,
    decode_header,
    parse_json,
    read_sessions,
)
from replay.errors import BackendError, BadResponseError, DecodeError, ReplayError
from replay_backends.files.byte_streams import Spool
from replay_backends.files.read_options import ReadOptions

if TYPE_CHECKING:
    from replay_backends.http.client import Client

_PORTION: Final = 64  # sessions
_GUESSED_SIZE: Final = 1 << 16  # bytes of a session
_MOST_EMPTY: Final = 100  # pages in a row
_MOST_PAGES: Final = 100_000


def summaries(client: "Client", page_size: int | None) -> Iterator[SessionSummary]:
    """Yield the header of each session, as the service lists them.

    An empty page is the last one only if it names no next page.

    Args:
        client: The client to use.
        page_size: Sessions per page; None: the service's default.

    Raises:
        BackendError: The list cannot be fetched, or its pages never end.
        DecodeError: It lists something else.
    """
    params = {} if page_size is None else {"page_size": str(page_size)}
    source = f"{client.base}/chat"
    tokens: set[str] = set()
    pages = {hash(())}  # of their sessions' ids
    empty = 0  # consecutive pages that are empty, or the same as an earlier one
    for _ in range(_MOST_PAGES):
        listed, token = client.get("/chat", _read, params=params)
        yield from listed
        if token is None:
            return
        page = hash(tuple(each.session_id for each in listed))
        empty = empty + 1 if page in pages else 0
        if empty == _MOST_EMPTY:
            reason = f"{empty} empty pages, or repeated ones, in a row"
            raise BadResponseError(source, reason)
        if token in tokens:
            raise BadResponseError(source, "its pages repeat in a circle")
        pages.add(page)
        tokens.add(token)
        params = {**params, "page_token": token}
    hint = "in Python, raise page_size="
    raise BadResponseError(source, f"more than {_MOST_PAGES} pages", hint)


def _read(body: BinaryIO) -> tuple[list[SessionSummary], str | None]:
    """Return a page's sessions and the token of the next page; None: it is the last."""
    value = parse_json(body.read()).value
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(items, list):
        raise DecodeError(where="$.items", reason="expected a list of sessions")
    token = value.get("next_page_token") or None
    if token is not None and not isinstance(token, str):
        raise DecodeError(where="$.next_page_token", reason="expected a string")
    return [_summary(i, item) for i, item in enumerate(items)], token


def _summary(index: int, item: object) -> SessionSummary:
    where = f"$.items[{index}]"
    if not isinstance(item, dict) or not isinstance(item.get("session_id"), str):
        raise DecodeError(where=where, reason="expected an object with a session_id")
    try:
        return decode_header(item, "")
    except DecodeError as error:
        raise attrs.evolve(error, where=where + error.where.removeprefix("$")) from None


def session_of(
    body: BinaryIO, source: str, session_id: str, options: ReadOptions
) -> Session:
    """Return the session in an answer.

    The body must be at its beginning, and seekable; it may be closed afterwards.

    Raises:
        DecodeError: It is something else, or another session.
        BackendError: It cannot be stored.
    """
    text = _text(body, source)
    found = read_sessions(
        text, session_id=session_id, strict=options.strict, limits=options.limits
    )
    session = next(found)
    if session.shape != "document":
        raise DecodeError(where="$", reason="expected a session document")
    if session.session_id != session_id:
        reason = f"expected {session_id!a}, not another session's id"
        raise DecodeError(where="$.session_id", reason=reason)
    return session


def _text(body: BinaryIO, source: str) -> SourceText:
    data = body.read(KEPT_IN_MEMORY + 1)
    if len(data) <= KEPT_IN_MEMORY:
        return SourceText(partial(io.BytesIO, data), source)
    body.seek(0)
    return SourceText(Spool(body, source).reader, source)


def portions_of(summaries: Iterable[SessionSummary]) -> Iterator[Portion]:
    """Yield portions of sessions, in the order of the list."""
    ids = (summary.session_id for summary in summaries)
    while key := tuple(islice(ids, _PORTION)):
        yield Portion(key, len(key) * _GUESSED_SIZE, len(key))


def ids_in(portion: Portion, source: str) -> list[str]:
    """Return the ids of a portion's sessions.

    Raises:
        BackendError: It is not one that :func:`portions_of` yielded.
    """
    ids = [each for each in portion.key if isinstance(each, str)]
    if len(ids) != len(portion.key) or not ids:
        raise BackendError(source, f"it has no portion {portion.key!a}")
    return ids


def fetched(session: Callable[[str], Session], session_id: str) -> Stored:
    """Return a session as stored; one that cannot be fetched fails when it is read."""
    try:
        found = session(session_id)
    except ReplayError as error:
        return Stored(session_id, bytes(Stored.digest_size), partial(_raise, error))
    return Stored.of(found, session_id)


def _raise(error: ReplayError) -> NoReturn:
    raise error
