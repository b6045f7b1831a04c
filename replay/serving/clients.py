"""The clients that are connected, and who has to go when they are too many."""

import asyncio
import os
import socket
from contextlib import ExitStack
from typing import Final

from replay.serving.client_connection import ClientConnection
from replay.serving.front import Front

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
        self._connections: dict[asyncio.Task[None], ClientConnection] = {}

    async def accept_from(self, listening: socket.socket) -> None:
        """Serve all who come, until this is cancelled.

        They are taken one by one: ``start_server`` takes as many as wait, whether the
        system has files for them or not.

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
        with ExitStack() as undo:
            client, _ = await asyncio.get_running_loop().sock_accept(listening)
            undo.callback(client.close)
            if len(self._connections) >= self._most and not self._make_room():
                return
            reader, writer = await asyncio.open_connection(sock=client)
            undo.pop_all()
        connection = ClientConnection(reader, writer, self._request_seconds)
        task = asyncio.create_task(self._front.serve(connection))
        self._connections[task] = connection
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._connections.pop(task).close()

    def _make_room(self) -> bool:
        """End the connection that waits the longest; tell whether there is one."""
        now = asyncio.get_running_loop().time()
        waits = {
            task: now - each.waiting_since
            for task, each in self._connections.items()
            if each.waiting_since is not None
        }
        longest = max(waits, key=waits.__getitem__, default=None)
        if longest is None or waits[longest] < self._patience:
            return False
        self._connections[longest].waiting_since = None
        return longest.cancel()


def most_clients() -> int:
    """Return how many clients the system has files for."""
    files = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else _UNLIMITED
    return (files if files > 0 else _UNLIMITED) // _FILES_OF_ONE
