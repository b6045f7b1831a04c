"""One prompt, sent once."""

from contextlib import ExitStack
from http import HTTPStatus

import requests

from replay.errors import (
    BackendError,
    StreamInterruptedError,
    TLSError,
    UnsafeRedirectError,
)
from replay_backends.http.asks import Ask
from replay_backends.http.client import REDIRECTS, Client, check
from replay_backends.http.deadlines import Deadline
from replay_backends.http.exchange import EVENTS, send
from replay_backends.http.retrying import with_retries

#: What messages add where nobody knows whether the prompt was received.
HINT = "the prompt may have been received: see stream.rest() before sending it again"


def post(
    client: Client, ask: Ask, session_id: str, undo: ExitStack
) -> requests.Response:
    """Send a POST once; return its answer, a stream of events, once that begins.

    Only where no connection could be made is there another try.

    Args:
        client: Whom to send it to, over a connection of its own: one that was kept may
            have been closed by the service just now, and then nobody knows what has
            been received.
        ask: The POST.
        session_id: The session that it is for.
        undo: Takes what is to be closed once the answer is not needed any more.

    Raises:
        StreamInterruptedError: It was sent, and there is no answer.
        BackendError: It was not sent, or it was refused.
    """
    deadline = Deadline(client.timeout, ask.source)
    undo.callback(client.hang_up)

    def attempt() -> requests.Response:
        return undo.enter_context(_sent(client.session, ask, deadline))

    response = with_retries(attempt, client.retries, deadline)
    if response.status_code in REDIRECTS:
        reason = "it leads elsewhere, and a prompt is sent once"
        raise UnsafeRedirectError(ask.source, reason, status=response.status_code)
    try:
        check(response, ask, session_id, kind=EVENTS)
    except BackendError as error:
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _interrupted(error) from None
        raise
    return response


def _sent(session: requests.Session, ask: Ask, deadline: Deadline) -> requests.Response:
    try:
        return send(session, ask, deadline)
    except TLSError:  # nothing of it was sent
        raise
    except BackendError as error:
        raise _interrupted(error) from None


def _interrupted(error: BackendError) -> StreamInterruptedError:
    return StreamInterruptedError(
        error.source, error.reason, HINT, error.status, error.detail, error.request_id
    )
