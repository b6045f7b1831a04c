"""Plugins by name, or from a file, with options that a user may have typed."""

import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from replay.entry_points import guarded, load
from replay.errors import PluginError, UnknownNameError
from replay.factories import call_factory


def load_plugin(name: str, **options: object) -> object:
    """Return a plugin, ready for an engine.

    Args:
        name: What its package registers it as, in the group ``replay.plugins``, or
            the path of a Python file, ending in ``.py``, whose functions are hooks.
        options: What its factory takes; strings are converted by its annotations.

    Raises:
        UnknownNameError: No plugin, or no option of it, has that name.
        PluginError: It cannot be imported or started, or an option is wrong.
    """
    if not name.endswith(".py"):
        return call_factory(load("plugin", name), options, "plugin", name, convert=True)
    if options:
        reason = f"{name} is a file, and takes no options"
        hint = "put them into the file, or register a factory as an entry point"
        raise UnknownNameError(reason, hint)
    return _from_file(Path(name))


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise PluginError(str(path), "there is no such file")
    module = ModuleType(f"replay_plugin_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        with guarded("plugin", str(path), "cannot be imported"):
            SourceFileLoader(module.__name__, str(path)).exec_module(module)
    except PluginError:
        del sys.modules[module.__name__]
        raise
    return module
