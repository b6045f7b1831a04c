"""A way to end, from one thread, the calls that wait in others."""

import socket
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from weakref import WeakSet


class Halt:
    """Ends all waiting on the sockets that it watches, once and for good."""

    def __init__(self) -> None:
        self._come = threading.Event()
        self._lock = threading.Lock()
        self._watched: WeakSet[socket.socket] = WeakSet()

    @property
    def has_come(self) -> bool:
        """Tell whether all is to end."""
        return self._come.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            CancelledError: All is to end, so there is no need to wait.
        """
        if self._come.wait(seconds):
            raise CancelledError

    def watch(self, sock: socket.socket) -> None:
        """End the waiting on a socket, too."""
        within_tls = getattr(sock, "socket", sock)  # where a proxy is spoken to by TLS
        with self._lock:
            self._watched.add(within_tls)
        if self.has_come:
            _shut_down(within_tls)

    def come(self) -> None:
        """Let all end; doing it twice is harmless."""
        self._come.set()
        with self._lock:
            watched = [*self._watched]
        for sock in watched:
            _shut_down(sock)


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # it is closed, or has no connection any more
        # Not the method of a socket of TLS: that may be in use in another thread.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
