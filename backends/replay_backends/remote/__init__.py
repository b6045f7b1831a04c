"""Sessions from object stores, and from zip files anywhere.

Nothing here imports fsspec before a URL is opened: a zip file on this machine is read
without it.
"""

from replay_backends.remote.backend import RemoteBackend as RemoteBackend
from replay_backends.remote.backend import ZipBackend as ZipBackend
