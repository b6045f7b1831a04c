"""Sessions from the service's HTTP API.

Nothing here imports requests before a backend is opened, because opening a file also
asks this package whether it reads the file.
"""

from replay_backends.http.backend import HTTPBackend as HTTPBackend
from replay_backends.http.backend import LlamaCloudBackend as LlamaCloudBackend
from replay_backends.http.backend import LlamaCloudEUBackend as LlamaCloudEUBackend
