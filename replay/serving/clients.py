"""The clients that are connected, and who has to go when they are too many."""

import asyncio
import os
import socket
from functools import partial
from typing import Final, TypeAlias, cast

from replay.serving.client_connection import ClientConnection
from replay.serving.front import Front

_Task: TypeAlias = "asyncio.Task[None]"

_FILES_OF_ONE: Final = 4  # its connection, and two ends of one to the application
_UNLIMITED: Final = 1 << 14
_PATIENCE: Final = 1.0  # seconds
_PAUSE: Final = 0.05  # seconds


class Clients:
    """Keeps the connections that are open, up to a number.

    One more takes the place of the one that has asked for nothing the longest. Where
    each has asked for something, or has just come, the new one is turned away.

    Args:
        front: What serves them.
        request_seconds: How long a request may take to come.
        most: How many there may be.
        patience: For how many seconds a place is safe, though nothing was asked.
    """

    def __init__(
        self,
        front: Front,
        request_seconds: float,
        most: int,
        patience: float = _PATIENCE,
    ) -> None:
        self._front = front
        self._request_seconds = request_seconds
        self._most = most
        self._patience = patience
        self._connections: dict[_Task, ClientConnection | None] = {}

    async def accept_from(self, listening: socket.socket) -> None:
        """Serve all who come, until this is cancelled.

        ``asyncio.start_server`` would take as many as wait, whether the system has
        files for them or not.

        Args:
            listening: A socket that listens, and does not block.
        """
        while True:
            try:
                await self._accept_one(listening)
            except OSError:  # it has gone again, or the system has no more files
                await asyncio.sleep(_PAUSE)

    async def drop(self) -> None:
        """End all connections."""
        tasks = tuple(self._connections)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept_one(self, listening: socket.socket) -> None:
        if len(self._connections) >= self._most:
            await asyncio.sleep(0)  # others get their turn, however many come
        client, _ = await asyncio.get_running_loop().sock_accept(listening)
        if len(self._connections) >= self._most and not self._make_room():
            client.close()
            return
        task = asyncio.create_task(self._serve(client))
        self._connections[task] = None
        task.add_done_callback(partial(self._end, client))

    async def _serve(self, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        connection = ClientConnection(reader, writer, self._request_seconds)
        self._connections[cast("_Task", asyncio.current_task())] = connection
        await self._front.serve(connection)

    def _end(self, client: socket.socket, task: _Task) -> None:
        (self._connections.pop(task) or client).close()

    def _make_room(self) -> bool:
        """End the connection that waits the longest; tell whether there is one."""
        now = asyncio.get_running_loop().time()
        waits = {
            each: now - connection.waiting_since
            for each, connection in self._connections.items()
            if connection is not None and connection.waiting_since is not None
        }
        longest = max(waits, key=waits.__getitem__, default=None)
        return (
            longest is not None
            and waits[longest] >= self._patience
            and longest.cancel()
        )


def most_clients() -> int:
    """Return how many clients the system has files for."""
    files = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else _UNLIMITED
    return (files if files > 0 else _UNLIMITED) // _FILES_OF_ONE
