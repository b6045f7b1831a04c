"""The list of sessions, which comes in pages."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import attrs

from replay.codec import decode_header
from replay.errors import BadResponseError, DecodeError
from replay.json_text import parse
from replay.sessions import SessionSummary
from replay_backends.http.client import Client

_MOST_EMPTY: Final = 100  # pages in a row


@attrs.frozen
class _Page:
    summaries: list[SessionSummary]
    next_token: str | None  #: None: this is the last page


def summaries(client: Client, page_size: int | None) -> Iterator[SessionSummary]:
    """Yield the header of each session, as the service lists them.

    An empty page is the last one only where it names no next page.

    Args:
        client: Whom to ask.
        page_size: Sessions on a page; None: as many as the service likes.

    Raises:
        BackendError: The service does not give them, or its pages never end.
        DecodeError: It lists something else.
    """
    params = {} if page_size is None else {"page_size": str(page_size)}
    source = f"{client.base}/chat"
    seen: set[str] = set()
    empty = 0  # pages that have just come
    while True:
        page = client.get("/chat", _read, params=params)
        yield from page.summaries
        if page.next_token is None:
            return
        empty = 0 if page.summaries else empty + 1
        if empty == _MOST_EMPTY:
            raise BadResponseError(source, f"{empty} empty pages one after the other")
        if page.next_token in seen:
            raise BadResponseError(source, "its pages go round in a circle")
        seen.add(page.next_token)
        params = {**params, "page_token": page.next_token}


def _read(body: BinaryIO) -> _Page:
    value = parse(body.read()).value
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(items, list):
        raise DecodeError(where="$.items", reason="expected a list of sessions")
    token = value.get("next_page_token") or None
    if token is not None and not isinstance(token, str):
        raise DecodeError(where="$.next_page_token", reason="expected a string")
    return _Page([_summary(i, item) for i, item in enumerate(items)], token)


def _summary(index: int, item: object) -> SessionSummary:
    where = f"$.items[{index}]"
    if not isinstance(item, dict) or not isinstance(item.get("session_id"), str):
        raise DecodeError(where=where, reason="expected an object with a session_id")
    try:
        return decode_header(item, "")
    except DecodeError as error:
        raise attrs.evolve(error, where=where + error.where.removeprefix("$")) from None
