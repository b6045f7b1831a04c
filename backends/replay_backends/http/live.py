"""A live turn: one prompt, and its events as they arrive."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from http import HTTPStatus
from itertools import islice
from threading import RLock
from typing import TYPE_CHECKING, Final, Self, cast

import requests

from replay import Diagnostic, Event, Limits, Session, Stop, UserInput
from replay.authoring import ArrivingEvents, Rewrite, without_details
from replay.errors import (
    BackendError,
    DecodeError,
    PluginError,
    StreamInterruptedError,
    TLSError,
    UnsafeRedirectError,
)
from replay_backends.http.client import (
    EVENTS,
    REDIRECTS,
    Client,
    iter_body,
    raise_for_refusal,
    send,
)
from replay_backends.http.errors import without_frames
from replay_backends.http.reconciliation import ReceivedTurn
from replay_backends.http.request import Prompt, Request, session_path
from replay_backends.http.retries import with_retries
from replay_backends.http.transport import Deadline
from replay_backends.sse import EventDecoder

if TYPE_CHECKING:
    from replay_backends.files.recorder import TurnRecorder
    from replay_backends.http.transport import TimedConnection

_AFTER_STOP: Final = 1.0  # seconds in which more may follow a stop
#: The hint if it is unknown whether the prompt was received.
_HINT: Final = (
    "the prompt may have been received: see stream.rest() before sending it again"
)


class LiveStream:
    """An iterator over a turn's events as they arrive; a context manager.

    Leaving it closes the connection, whether or not the turn has ended.

    Args:
        prompt: The prompt to send.
        client: Sends it, and is hung up when the stream is closed; its timeout limits
            the time without a sign of life.
        history: Returns the session's events that the service has.
        limits: Size limits.
        strict: Refuse unknown or malformed frames and events.

    Raises:
        InvalidRequestError: The service would refuse the prompt.
        SessionNotFoundError: No session can have that id.
    """

    def __init__(
        self,
        prompt: Prompt,
        client: Client,
        history: Callable[[], Sequence[Event]],
        limits: Limits,
        *,
        strict: bool,
    ) -> None:
        path = f"{session_path(prompt.session_id, client.base)}/messages/stream"
        prompt.check(client.base + path)
        self.session_id = prompt.session_id
        self.received = 0  #: number of events yielded so far
        self._client = client
        self._request = client.request("POST", path, body=prompt.body())
        self.prompt = self._request.removed(prompt.text)
        self.user_input = UserInput(self.prompt)  #: the service does not send it
        self._decoder = EventDecoder(
            limits,
            strict=strict,
            masked=self._request.masked,
            removed=self._request.removed_from_json,
        )
        self._history = history
        self._lock = RLock()  # held while waiting for an event
        self._received_turn = ReceivedTurn()
        self._known = 0
        self._is_stopped = False
        self._arrived = 0
        self._times: deque[float | None] = deque()  #: of the events to be yielded
        self._rewritten: _RewrittenTurn | None = None
        self._recorder: TurnRecorder | None = None
        self._sent = 0.0
        self._undo = ExitStack()
        self._events: Generator[Event]

    @without_frames
    def start(self, record_to: str | None, rewrite: Rewrite | None) -> None:
        """Count the session's events, then send the prompt.

        Args:
            record_to: The directory to record to; None: nothing is recorded.
            rewrite: Returns the session to yield and record instead of the one that
                arrives; None: events are yielded as they arrive.

        Raises:
            BackendError: The prompt was not sent, or was refused.
        """
        session_id, self._known = self.session_id, len(self._history())
        if rewrite is not None:
            asked = self.user_input
            self._rewritten = shown = _RewrittenTurn(session_id, asked, rewrite)
            self.session_id, self.user_input = shown.session_id, shown.user_input
        if record_to is not None:
            from replay_backends.files.recorder import TurnRecorder  # noqa: PLC0415 - not for Windows

            self._recorder = TurnRecorder(record_to, self.session_id, self.user_input)
        self._sent = time.monotonic()
        try:
            response = _post(self._client, self._request, session_id, self._undo)
            self._events = self._handed_out(self._arriving(response))
        except StreamInterruptedError as error:
            self._events = _broken(error)
        except BaseException:
            self._undo.close()
            if self._recorder:
                self._recorder.discard()
            raise

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return the stream's diagnostics so far."""
        found = self._decoder.diagnostics
        return tuple(without_details(found) if self._rewritten else found)

    def __iter__(self) -> Self:
        return self

    @without_frames
    def __next__(self) -> Event:
        """Wait for the next event, and return it.

        Raises:
            StreamInterruptedError: The stream broke off before a stop; :meth:`rest`
                yields what is missing.
            DecodeError: The data exceeds a limit, or is wrong and ``strict`` is set.
            BackendError: It could not be recorded.
        """
        with self._lock:
            return next(self._events)

    def rest(self, *, known: int | None = None) -> Iterator[Event]:
        """Yield the turn's events that the service has and this stream didn't yield.

        It doesn't wait: if the turn is still under way, call it again later.

        Args:
            known: Minimum number of events that the session had before the turn;
                None: as many as it had just before the prompt was sent.

        Raises:
            BackendError: The service has no such turn: the prompt was not received,
                or isn't stored yet.
        """
        self._end()
        yield from self._handed_out(self._missing(known))

    def close(self) -> None:
        """Close the connection and publish the recording; any thread may do that.

        A thread that is waiting for an event gets a StreamInterruptedError.
        """
        self._end()
        self._publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _missing(self, known: int | None) -> Generator[Event]:
        if self._is_stopped:
            return
        missing = self._received_turn.missing(
            self._history(),
            self.prompt,
            self._known if known is None else known,
            has_gaps=any(each.code == "bad-frame" for each in self.diagnostics),
        )
        if missing is None:
            raise BackendError(self._request.source, "the session has no such turn")
        for event in missing:
            self._take(event, None)
            yield event

    def _handed_out(self, arriving: Iterator[Event]) -> Generator[Event]:
        """Yield the events to show, each recorded first."""
        rewritten = self._rewritten
        for event in rewritten.of(arriving) if rewritten else arriving:
            arrived = self._times.popleft()
            with self._lock:
                if self._recorder:
                    self._recorder.add(event, arrived)
            self.received += 1
            yield event
        if self._is_stopped:
            self._publish()

    def _arriving(self, response: requests.Response) -> Generator[Event]:
        try:
            for piece in self._pieces(response):
                for event in self._decoder.feed(piece):
                    if not self._is_echo(event):
                        self._take(event, time.monotonic() - self._sent)
                        yield event
            self._decoder.finish()
        except DecodeError as error:
            raise self._request.with_source(error) from None
        finally:
            self._undo.close()
        if not self._is_stopped:
            reason = "the stream ended without a stop"
            raise self._interrupted(reason)

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        try:
            yield from self._live_pieces(response)
        except BackendError as error:
            if not self._is_stopped:
                self._decoder.finish()
                raise self._interrupted(error.reason) from None

    def _live_pieces(self, response: requests.Response) -> Iterator[bytes]:
        """Yield bytes as they arrive; any line, even a blank one, is a sign of life."""
        connection = cast("TimedConnection", response.raw.connection)  # until the end
        connection.set_time_limit(self._client.timeout)
        is_last_chance = False
        for piece in iter_body(response, self._request):
            yield piece
            if is_last_chance:
                continue
            is_last_chance = self._is_stopped
            if is_last_chance:
                connection.set_time_limit(_AFTER_STOP)
            elif b"\n" in piece or b"\r" in piece:
                connection.set_time_limit(self._client.timeout)

    def _is_echo(self, event: Event) -> bool:
        return not self._arrived and event == UserInput(self.prompt)

    def _take(self, event: Event, arrived: float | None) -> None:
        self._received_turn.take(event)
        self._times.append(arrived)
        self._arrived += 1
        self._is_stopped = self._is_stopped or isinstance(event, Stop)

    def _interrupted(self, reason: str) -> StreamInterruptedError:
        count = f"{self.received} event" + ("" if self.received == 1 else "s")
        hint = "stream.rest() gives what is missing"
        source, received = self._request.source, self.received
        reason = f"{reason}, after {count}"
        return StreamInterruptedError(source, reason, hint, received=received)

    def _end(self) -> None:
        self._client.hang_up()
        with self._lock, suppress(ValueError):  # a signal interrupted it, so it ends
            self._events.close()
            self._undo.close()

    def _publish(self) -> None:
        with self._lock:
            recorder, self._recorder = self._recorder, None
            if recorder:
                recorder.publish()


def _broken(error: StreamInterruptedError) -> Generator[Event]:
    """Raise *error* instead of yielding a first event."""
    raise error
    yield


def _opening(user_input: UserInput, name: str) -> Iterator[Event]:
    """Yield a turn's first event, the only one known before the prompt is sent."""
    yield user_input
    reason = "cannot rewrite a live turn: it reads all events before it returns any"
    raise PluginError(name, reason, hint="rewrite each event when it is read")


class _RewrittenTurn:
    """A rewritten turn, which yields each event once, as soon as it is known.

    Args:
        session_id: The session that the turn is added to.
        user_input: The turn's first event.
        rewrite: Returns the session to show instead; it may hold events back.

    Raises:
        PluginError: *rewrite* didn't return a turn, or read past the turn's first
            event before the prompt was sent.
    """

    def __init__(
        self, session_id: str, user_input: UserInput, rewrite: Rewrite
    ) -> None:
        name = getattr(rewrite, "__name__", "rewrite")
        self._arriving = ArrivingEvents(_opening(user_input, name))
        shown = rewrite(Session(session_id, events=self._arriving))
        self.session_id = shown.session_id
        first = next(iter(shown.events), None)
        if not isinstance(first, UserInput):
            reason = f"a turn begins with a user input, not {type(first).__name__}"
            raise PluginError(name, reason)
        self.user_input = first
        self._events = shown.events
        self._given = 1

    def of(self, events: Iterator[Event]) -> Iterator[Event]:
        """Yield the next events, rewritten, and those that were held back."""
        self._arriving.continue_with(events)
        for event in islice(iter(self._events), self._given, None):
            self._given += 1
            yield event


def _post(
    client: Client, request: Request, session_id: str, undo: ExitStack
) -> requests.Response:
    """Send a prompt once, and return its answer, an event stream, when that begins.

    It is retried only if no connection could be made. The client's connection must be a
    new one: the service may have just closed a kept one, and then it would be unknown
    what was received.

    Raises:
        StreamInterruptedError: It was sent, and there is no answer.
        BackendError: It was not sent, or it was refused.
    """
    deadline = Deadline(client.timeout, request.source)
    undo.callback(client.hang_up)

    def attempt() -> requests.Response:
        try:
            return undo.enter_context(send(client.session, request, deadline))
        except TLSError:  # nothing of it was sent
            raise
        except BackendError as error:
            raise _no_answer(error) from None

    response = with_retries(attempt, client.retries, deadline)
    if response.status_code in REDIRECTS:
        reason = "it redirects elsewhere, and a prompt is sent only once"
        raise UnsafeRedirectError(request.source, reason, status=response.status_code)
    try:
        raise_for_refusal(response, request, session_id, kind=EVENTS)
    except BackendError as error:
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _no_answer(error) from None
        raise
    return response


def _no_answer(error: BackendError) -> StreamInterruptedError:
    return StreamInterruptedError(
        error.source, error.reason, _HINT, error.status, error.detail, error.request_id
    )
