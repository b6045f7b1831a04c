"""The service's places in the world, as backends."""

import os
from typing import Final

from replay_backends.http.backend import HTTPBackend
from replay_backends.http.origins import HOME

_BASE_VARIABLE: Final = "LLAMA_CLOUD_BASE_URL"


class LlamaCloudBackend(HTTPBackend):
    """Sessions from LlamaCloud in North America, or from ``LLAMA_CLOUD_BASE_URL``."""

    _home = HOME

    def _default_location(self) -> str:
        return os.environ.get(_BASE_VARIABLE) or self._home


class LlamaCloudEUBackend(HTTPBackend):
    """Sessions from LlamaCloud in Europe."""

    _home = "https://api.cloud.eu.llamaindex.ai"
