"""Sessions from a zip file, as a backend."""

from pathlib import Path

from replay_backends.remote.store_backend import StoreBackend


class ZipBackend(StoreBackend):
    """Sessions from a zip file on this machine, or at a URL.

    Its members are files of sessions, as in a directory. Nothing is unpacked onto the
    disk, and it cannot be written to.

    Args:
        location: The zip file's path, or ``zip://INSIDE::THAT``.
    """

    @staticmethod
    def claims(path: str) -> bool:
        """Tell whether this backend reads what is at an existing path."""
        return path.lower().endswith(".zip") and not Path(path).is_dir()
