"""A server that runs in a thread of its own."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, closing, suppress
from types import TracebackType
from typing import Final, Self

from starlette.types import ASGIApp

from replay.security.hosts import is_loopback, url_of
from replay.sources.source import Source
from replay.sources.source import open as open_source
from replay.testing.server.api import Admission, make_app
from replay.testing.server.faults import FaultQueue, parse_fault
from replay.testing.server.front import Clients, Front, most_clients
from replay.testing.server.request_log import RecordedRequest, RequestLog
from replay.testing.server.settings import ServerSettings

_BACKLOG: Final = 2048  # connections that wait to be accepted
_PATIENCE: Final = 60.0  # seconds, for what takes less than one


class LlamaCloudServer:
    """Serves recorded sessions over HTTP, as LlamaCloud would.

    It runs within its ``with`` statement.

    Args:
        location: Where the sessions are, as for ``replay.open``.
        settings: How the server behaves; None: as it does by itself.
    """

    url: str  #: for the official SDK's ``base_url``
    session_count: int  #: how many sessions there were at the start

    def __init__(
        self,
        location: str | os.PathLike[str],
        settings: ServerSettings | None = None,
    ) -> None:
        self._location = location
        self._settings = settings or ServerSettings()
        self._faults = FaultQueue(self._settings.faults)
        self._log = RequestLog()
        self._stack = ExitStack()
        # Ctrl-C during Thread.join lets Python 3.11 take a running thread for ended.
        self._ended = threading.Event()

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Return the latest 10,000 requests, in the order in which they came."""
        return self._log.records()

    def fail_next(self, fault: str, times: int = 1) -> None:
        """Let something go wrong with the next requests.

        Args:
            fault: ``NAME[=VALUE]``, as for ``replay serve --fault``.
            times: With how many of them.

        Raises:
            UnknownNameError: There is no fault of that name.
            ValueError: It is written in another way, or its value is wrong.
        """
        self._faults.add(parse_fault(f"{times}x{fault}"))

    def wait(self) -> None:
        """Wait for ever, or until the server breaks down."""
        self._ended.wait()

    def __enter__(self) -> Self:
        """Start.

        Raises:
            ReplayError: The location cannot be read.
            OSError: The address cannot be listened at.
        """
        with ExitStack() as stack:
            source = stack.enter_context(open_source(self._location))
            self.session_count = sum(1 for _ in source.summaries())
            listening = _listening(self._settings.host, self._settings.port)
            stack.enter_context(closing(listening))
            self.url = url_of(self._settings.host, listening.getsockname()[1])
            stack.callback(self._start(source, listening))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self, source: Source, listening: socket.socket) -> Callable[[], None]:
        """Start the thread, and return what ends it."""
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        loop, stopped = runner.get_loop(), asyncio.Event()
        work = self._serve(make_app(source, self._settings), listening, stopped)
        thread = threading.Thread(target=self._run, args=(runner, work), daemon=True)
        thread.start()

        def end() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(stopped.set)
            self._ended.wait(_PATIENCE)
            thread.join(_PATIENCE)

        return end

    def _run(self, runner: asyncio.Runner, work: Coroutine[None, None, None]) -> None:
        try:
            with runner:
                runner.run(work)
        finally:
            self._ended.set()

    async def _serve(
        self, app: ASGIApp, listening: socket.socket, stopped: asyncio.Event
    ) -> None:
        settings = self._settings
        admission = Admission(settings.api_key, is_loopback(settings.host))
        front = Front(app, admission, self._faults, self._log)
        clients = Clients(front, settings.request_seconds, most_clients())
        accepting = asyncio.create_task(clients.accept_from(listening))
        await stopped.wait()
        accepting.cancel()
        await clients.drop()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.settimeout(0)
    return listening
