"""Suites that try a backend or a plugin, for the tests of whoever writes one."""

from replay.testing.backend_contract import BackendContract
from replay.testing.histories import odd_histories
from replay.testing.plugin_contract import PluginContract

__all__ = ["BackendContract", "PluginContract", "odd_histories"]
