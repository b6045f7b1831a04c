"""A turn that is under way: sent once, its events handed out as they arrive."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Self

import requests

from replay.diagnostics import Diagnostic
from replay.errors import BackendError, DecodeError, StreamInterruptedError
from replay.events import Event, Stop, UserInput
from replay.live_streams import Rewrite
from replay_backends.frames import EventDecoder
from replay_backends.http.asks import Ask
from replay_backends.http.client import Client
from replay_backends.http.live_pieces import live_pieces
from replay_backends.http.prompts import Prompt
from replay_backends.http.reconciling import Progress
from replay_backends.live_rewriting import Rewritten, diagnosed

if TYPE_CHECKING:
    from replay_backends.recording import Recording


class LiveStream:
    """An iterator of a turn's events as they arrive; a context manager.

    Leaving it closes the connection, whether or not the turn is at its end.

    Args:
        prompt: What was sent.
        ask: What sent it.
        decoder: Makes events of bytes.
        history: Returns the events that the service has of the session.
        client: Sent it, and is hung up when the stream is closed; its timeout is that
            without a sign of life.
    """

    def __init__(
        self,
        prompt: Prompt,
        ask: Ask,
        decoder: EventDecoder,
        history: Callable[[], Sequence[Event]],
        client: Client,
    ) -> None:
        self.session_id = prompt.session_id
        self.prompt = prompt.text
        self.user_input = UserInput(prompt.text)  #: the service does not send it
        self.received = 0  #: how many events have been handed out
        self._ask = ask
        self._decoder = decoder
        self._history = history
        self._client = client
        self._lock = RLock()  # held while an event is waited for
        self._progress = Progress()
        self._known = 0
        self._is_stopped = False
        self._arrived = 0
        self._times: deque[float | None] = deque()  #: of what is to be handed out
        self._rewritten: Rewritten | None = None
        self._recording: Recording | None = None
        self._sent = 0.0
        self._undo = ExitStack()
        self._events: Generator[Event]

    def start(
        self,
        send: Callable[[ExitStack], requests.Response],
        record_to: str | None,
        rewrite: Rewrite | None = None,
    ) -> None:
        """Count the session's events, then send the prompt.

        Args:
            send: Sends it, and returns the answer once that begins.
            record_to: The directory to write to; None: nothing is written.
            rewrite: Returns what is handed out and written instead of what arrives;
                None: that is.

        Raises:
            BackendError: It was not sent, or refused.
        """
        self._known = len(self._history())
        if rewrite is not None:
            asked = self.user_input
            self._rewritten = shown = Rewritten(self.session_id, asked, rewrite)
            self.session_id, self.user_input = shown.session_id, shown.user_input
        if record_to is not None:
            from replay_backends.recording import Recording  # noqa: PLC0415 - not for Windows

            self._recording = Recording(record_to, self.session_id, self.user_input)
        self._sent = time.monotonic()
        try:
            self._events = self._handed_out(self._arriving(send(self._undo)))
        except StreamInterruptedError as error:
            self._events = _broken(error)
        except BaseException:
            self._undo.close()
            if self._recording:
                self._recording.discard()
            raise

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what was odd about the stream so far."""
        return diagnosed(self._decoder.diagnostics, self._rewritten)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        """Return the next event once it is there.

        Raises:
            StreamInterruptedError: The stream broke off before a stop; :meth:`rest`
                gives what is missing.
            DecodeError: What arrived is past a limit, or wrong and ``strict`` is set.
            BackendError: It could not be recorded.
        """
        with self._lock:
            return next(self._events)

    def rest(self, *, known: int | None = None) -> Iterator[Event]:
        """Yield what the service has of this turn, and this stream has not given.

        Nothing is waited for: where the turn is still under way, call it again later.

        Args:
            known: How many events the session had before the turn, at least; None:
                as many as it had when the prompt was about to be sent.

        Raises:
            BackendError: The service has no such turn: the prompt was not received,
                or is not kept yet.
        """
        self._end()
        yield from self._handed_out(self._missing(known))

    def close(self) -> None:
        """Let go of the connection and of the recording; any thread may do that.

        Where another one waits for an event, it gets a StreamInterruptedError.
        """
        self._end()
        self._publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _missing(self, known: int | None) -> Generator[Event]:
        if self._is_stopped:
            return
        missing = self._progress.missing(
            self._history(),
            self.prompt,
            self._known if known is None else known,
            has_gaps=any(each.code == "bad-frame" for each in self.diagnostics),
        )
        if missing is None:
            raise BackendError(self._ask.source, "the session holds no such turn")
        for event in missing:
            self._take(event, None)
            yield event

    def _handed_out(self, arriving: Iterator[Event]) -> Generator[Event]:
        """Yield what is shown of events, written down before."""
        rewritten = self._rewritten
        for event in rewritten.of(arriving) if rewritten else arriving:
            arrived = self._times.popleft()
            with self._lock:
                if self._recording:
                    self._recording.add(event, arrived)
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
            raise self._ask.placed(error) from None
        finally:
            self._undo.close()
        if not self._is_stopped:
            reason = "the stream ended without a stop"
            raise self._interrupted(reason)

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        timeout = self._client.timeout
        try:
            yield from live_pieces(
                response, self._ask, timeout, lambda: self._is_stopped
            )
        except BackendError as error:
            if not self._is_stopped:
                self._decoder.finish()
                raise self._interrupted(error.reason) from None

    def _is_echo(self, event: Event) -> bool:
        return not self._arrived and event == UserInput(self.prompt)

    def _take(self, event: Event, arrived: float | None) -> None:
        self._progress.take(event)
        self._times.append(arrived)
        self._arrived += 1
        self._is_stopped = self._is_stopped or isinstance(event, Stop)

    def _interrupted(self, reason: str) -> StreamInterruptedError:
        count = f"{self.received} event" + ("" if self.received == 1 else "s")
        hint = "stream.rest() gives what is missing"
        return StreamInterruptedError(
            self._ask.source, f"{reason}, after {count}", hint, received=self.received
        )

    def _end(self) -> None:
        self._client.hang_up()
        with self._lock, suppress(ValueError):  # within it, a signal has come: it ends
            self._events.close()
            self._undo.close()

    def _publish(self) -> None:
        with self._lock:
            recording, self._recording = self._recording, None
            if recording:
                recording.publish()


def _broken(error: StreamInterruptedError) -> Generator[Event]:
    """Raise *error* instead of a first event."""
    raise error
    yield
