"""Contract suites for backends and plugins, and a local server, for your own tests."""

from importlib import import_module
from typing import TYPE_CHECKING

from replay.testing.backend_contract import BackendContract
from replay.testing.histories import odd_histories
from replay.testing.plugin_contract import PluginContract

if TYPE_CHECKING:
    from replay.testing.fixtures import llamacloud_server
    from replay.testing.server.faults import Fault, parse_fault
    from replay.testing.server.request_log import RecordedRequest
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
    "Fault": "replay.testing.server.faults",
    "LlamaCloudServer": "replay.testing.server.server",
    "RecordedRequest": "replay.testing.server.request_log",
    "ServerSettings": "replay.testing.server.settings",
    "llamacloud_server": "replay.testing.fixtures",
    "parse_fault": "replay.testing.server.faults",
}

__all__ = [
    "BackendContract",
    "Fault",
    "LlamaCloudServer",
    "PluginContract",
    "RecordedRequest",
    "ServerSettings",
    "llamacloud_server",
    "odd_histories",
    "parse_fault",
]
