"""The local server, which runs in a thread and accepts a limited number of clients."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Final, Self, TypeAlias, cast

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from replay.errors import ReplayError, SessionNotFoundError
from replay.security.hosts import url_of
from replay.sources.source import Source
from replay.sources.source import open as open_source
from replay.testing.server.chat import Chat, json_answer
from replay.testing.server.connections import BodyRoom, ClientConnection
from replay.testing.server.faults import FaultQueue, parse_fault
from replay.testing.server.images import Attachments
from replay.testing.server.request_handler import RequestHandler
from replay.testing.server.request_log import RecordedRequest, RequestLog
from replay.testing.server.settings import ServerSettings
from replay.testing.server.store import Store

_BACKLOG: Final = 2048  # connections waiting to be accepted
_SHUTDOWN_SECONDS: Final = 60.0  # for what takes less than one
_FILES_OF_ONE: Final = 4  # a client's connection, and the files opened for it
_UNLIMITED: Final = 1 << 14
_IDLE_SECONDS: Final = 1.0
_PAUSE: Final = 0.05  # seconds

_Task: TypeAlias = "asyncio.Task[None]"


class LlamaCloudServer:
    """A server of recorded sessions over HTTP, as LlamaCloud would serve them.

    It runs within its ``with`` statement.

    Args:
        location: The sessions' location, as for ``replay.open``, or a source, which
            stays open.
        settings: The server's settings; None: the defaults.
    """

    url: str  #: for the official SDK's ``base_url``
    session_count: int  #: number of sessions at the start

    def __init__(
        self,
        location: str | os.PathLike[str] | Source,
        settings: ServerSettings | None = None,
    ) -> None:
        self._location = location
        self._settings = settings or ServerSettings()
        self._faults = FaultQueue(self._settings.faults)
        self._log = RequestLog()
        self._stack = ExitStack()
        # After Ctrl-C in Thread.join, Python 3.11 takes a running thread for ended.
        self._ended = threading.Event()

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Return the latest requests (at most 10,000, and 64 MiB), oldest first."""
        return self._log.records()

    def fail_next(self, fault: str, times: int = 1) -> None:
        """Make the next requests fail.

        Args:
            fault: ``NAME[=VALUE]``, as for ``replay serve --fault``.
            times: Number of requests.

        Raises:
            UnknownNameError: There is no fault of that name.
            ValueError: The text has another form, or its value is wrong.
        """
        self._faults.add(parse_fault(f"{times}x{fault}"))

    def wait(self) -> None:
        """Wait for ever, or until the server fails."""
        self._ended.wait()

    def __enter__(self) -> Self:
        """Start the server.

        Raises:
            ReplayError: The location can't be read.
            OSError: The server can't listen on the address.
        """
        with ExitStack() as stack:
            source = self._location
            if not isinstance(source, Source):
                source = stack.enter_context(open_source(source))
            self.session_count = sum(1 for _ in source.summaries())
            listening = _listening(self._settings.host, self._settings.port)
            stack.enter_context(closing(listening))
            self.url = url_of(self._settings.host, listening.getsockname()[1])
            stack.callback(self._start(source, listening))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, source: Source, listening: socket.socket) -> Callable[[], None]:
        """Start the thread, and return a function that ends it."""
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        loop, stopped = runner.get_loop(), asyncio.Event()
        work = self._serve(make_app(source, self._settings), listening, stopped)
        thread = threading.Thread(
            target=self._run, args=(runner, work), name="replay serve", daemon=True
        )
        thread.start()

        def end() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(stopped.set)
            self._ended.wait(_SHUTDOWN_SECONDS)
            thread.join(_SHUTDOWN_SECONDS)

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
        handler = RequestHandler(app, settings, self._faults, self._log)
        clients = Clients(handler, settings.request_seconds, most_clients())
        accepting = asyncio.create_task(clients.accept_from(listening))
        await stopped.wait()
        accepting.cancel()
        await clients.drop()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.settimeout(0)
    return listening


def make_app(source: Source, settings: ServerSettings) -> ASGIApp:
    """Return the application that answers from *source*."""
    store = Store(source, settings.speed)
    attachments = Attachments(store, settings, source.location)
    errors = (HTTPException, ReplayError, Exception)
    app = Starlette(
        routes=[*Chat(store, settings).routes(), *attachments.routes()],
        exception_handlers=dict.fromkeys(errors, _error_response),
    )
    app.router.redirect_slashes = False
    return app


def _error_response(_: Request, error: Exception) -> Response:
    """Return the answer to a request that failed, as the service reports it."""
    if isinstance(error, HTTPException):
        return json_answer({"detail": error.detail}, error.status_code)
    if isinstance(error, SessionNotFoundError):
        return json_answer({"detail": "Session not found"}, 404)
    if isinstance(error, ReplayError):
        return json_answer({"detail": str(error)}, 500)
    detail = f"Internal Server Error: {type(error).__name__}: {error}"
    return json_answer({"detail": detail}, 500)


def most_clients() -> int:
    """Return the number of clients that the limit on open files allows."""
    files = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else _UNLIMITED
    return (files if files > 0 else _UNLIMITED) // _FILES_OF_ONE


@attrs.define(eq=False)
class Clients:
    """The open connections, limited in number.

    A further one replaces the one that has been idle the longest, if that has been idle
    for at least *idle_seconds*; otherwise it is turned away.
    """

    _handler: RequestHandler
    _request_seconds: float
    _most: int
    _idle_seconds: float = _IDLE_SECONDS
    _room: BodyRoom = attrs.field(factory=BodyRoom, init=False)
    _connections: dict[_Task, ClientConnection | None] = attrs.field(
        factory=dict, init=False
    )

    async def accept_from(self, listening: socket.socket) -> None:
        """Serve all clients of a non-blocking socket, until cancelled.

        ``asyncio.start_server`` would accept all that wait, even if the system has no
        more files for them.
        """
        while True:
            try:
                await self._accept_one(listening)
            except OSError:  # the client has gone, or the system has no more files
                await asyncio.sleep(_PAUSE)

    async def drop(self) -> None:
        """End all connections."""
        tasks = tuple(self._connections)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept_one(self, listening: socket.socket) -> None:
        if len(self._connections) >= self._most:
            await asyncio.sleep(0)  # let others run, however many come
        client, _ = await asyncio.get_running_loop().sock_accept(listening)
        if len(self._connections) >= self._most and not self._make_room():
            client.close()
            return
        task = asyncio.create_task(self._serve(client))
        self._connections[task] = None
        task.add_done_callback(partial(self._end, client))

    async def _serve(self, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        connection = ClientConnection(reader, writer, self._request_seconds, self._room)
        self._connections[cast("_Task", asyncio.current_task())] = connection
        await self._handler.serve(connection)

    def _end(self, client: socket.socket, task: _Task) -> None:
        (self._connections.pop(task) or client).close()

    def _make_room(self) -> bool:
        """End the longest idle connection; return whether one was idle long enough."""
        now = asyncio.get_running_loop().time()
        idle_since = {
            task: connection.waiting_since
            for task, connection in self._connections.items()
            if connection is not None and connection.waiting_since is not None
        }
        first = min(idle_since, key=idle_since.__getitem__, default=None)
        if first is None or now - idle_since[first] < self._idle_seconds:
            return False
        return first.cancel()
