"""A server that runs in a thread of its own."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from replay.security.hosts import is_loopback, url_of
from replay.sources.source import Source
from replay.sources.source import open as open_source
from replay.testing.server.api import Admission, make_app
from replay.testing.server.connections import LONGEST_HEAD
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
            outer = _listening(self._settings.host, self._settings.port)
            stack.enter_context(closing(outer))
            self.url = url_of(self._settings.host, outer.getsockname()[1])
            stack.callback(self._start(source, outer))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self, source: Source, outer: socket.socket) -> Callable[[], None]:
        """Start the thread, and return what ends it."""
        started: Future[Callable[[], None]] = Future()
        settings = self._settings
        admission = Admission(settings.api_key, is_loopback(settings.host))
        app = make_app(source, settings, admission)
        make_clients = partial(self._clients, admission)
        work = _serve(app, make_clients, outer, started)
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        thread.start()
        stop = started.result(_PATIENCE)

        def end() -> None:
            stop()
            self._ended.wait(_PATIENCE)
            thread.join(_PATIENCE)

        return end

    def _run(self, work: Coroutine[None, None, None]) -> None:
        try:
            asyncio.run(work)
        finally:
            self._ended.set()

    def _clients(self, admission: Admission, port: int) -> Clients:
        front = Front(port, admission, self._faults, self._log)
        return Clients(front, self._settings.request_seconds, most_clients())


async def _serve(
    app: ASGIApp,
    make_clients: Callable[[int], Clients],
    outer: socket.socket,
    started: "Future[Callable[[], None]]",
) -> None:
    """Serve until what *started* tells to call is called."""
    async with _application(app) as port:
        clients = make_clients(port)
        stopped = asyncio.Event()
        accepting = asyncio.create_task(clients.accept_from(outer))
        loop = asyncio.get_running_loop()
        started.set_result(lambda: _call(loop, stopped.set))
        await stopped.wait()
        accepting.cancel()
        await clients.drop()


@asynccontextmanager
async def _application(app: ASGIApp) -> AsyncIterator[int]:
    """Run the application, and yield the port at which it listens on loopback.

    uvicorn's own ``Server`` looks only ten times a second whether it is to end.
    """
    config = _config(app)
    config.load()
    state = ServerState()
    make_protocol = partial(H11Protocol, config, state, {})
    inner = _listening("127.0.0.1", 0)
    server = await asyncio.get_running_loop().create_server(
        make_protocol, sock=inner, backlog=_BACKLOG
    )
    try:
        yield inner.getsockname()[1]
    finally:
        server.close()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=_PATIENCE)


def _config(app: ASGIApp) -> Config:
    return Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=2 * LONGEST_HEAD,
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.settimeout(0)
    return listening


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(function)
