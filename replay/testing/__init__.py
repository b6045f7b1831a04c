"""Contract suites for backends and plugins, and a local server, for your own tests."""

from importlib import import_module
from typing import TYPE_CHECKING

from replay.testing.backend_contract import BackendContract
from replay.testing.histories import odd_histories
from replay.testing.plugin_contract import PluginContract

if TYPE_CHECKING:
    from replay.testing.fixtures import llamacloud_server
    from replay.testing.server.server import LlamaCloudServer
    from replay.testing.server.settings import ServerSettings
else:

    def __getattr__(name: str) -> object:
        """Import a name that needs an extra, or pytest, on first use."""
        if name not in _HOME_OF:
            message = f"module 'replay.testing' has no attribute {name!r}"
            raise AttributeError(message)
        value: object = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value


_HOME_OF = {
    "LlamaCloudServer": "replay.testing.server.server",
    "ServerSettings": "replay.testing.server.settings",
    "llamacloud_server": "replay.testing.fixtures",
}

__all__ = [
    "BackendContract",
    "LlamaCloudServer",
    "PluginContract",
    "ServerSettings",
    "llamacloud_server",
    "odd_histories",
]
